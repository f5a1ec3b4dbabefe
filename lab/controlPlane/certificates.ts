import "reflect-metadata";
import { KeyObject, webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const VALID = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2049-12-31T00:00:00Z") };

/** A certificate with its key, PEM. */
export interface KeyPair {
    certificate: string;
    key: string;
}

/** What a control plane on loopback needs: PEM throughout. */
export interface ControlPlaneCertificates {
    ca: string;
    server: KeyPair;
    admin: KeyPair;
    /** Signs the tokens of service accounts. */
    serviceAccountKey: string;
}

/** New certificates for an API server on 127.0.0.1 and for an administrator of it. */
export async function controlPlaneCertificates(): Promise<ControlPlaneCertificates> {
    const keys = () => webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]);
    const [ca, server, admin, tokens] = await Promise.all([keys(), keys(), keys(), keys()]);
    const root = await x509.X509CertificateGenerator.create({
        ...VALID,
        subject: "CN=clearpath-test-ca",
        issuer: "CN=clearpath-test-ca",
        signingAlgorithm: EC,
        publicKey: ca.publicKey,
        signingKey: ca.privateKey,
        extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    });
    const issued = async (subject: string, of: typeof ca, extensions: x509.Extension[]): Promise<KeyPair> => {
        const certificate = await x509.X509CertificateGenerator.create({
            ...VALID,
            subject,
            issuer: root.subject,
            signingAlgorithm: EC,
            publicKey: of.publicKey,
            signingKey: ca.privateKey,
            extensions,
        });
        return { certificate: `${certificate.toString("pem")}\n`, key: pem(of.privateKey) };
    };
    return {
        ca: `${root.toString("pem")}\n`,
        server: await issued("CN=kube-apiserver", server, [
            new x509.SubjectAlternativeNameExtension([{ type: "ip", value: "127.0.0.1" }]),
        ]),
        admin: await issued("CN=admin,O=system:masters", admin, [
            new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
        ]),
        serviceAccountKey: pem(tokens.privateKey),
    };
}

/** SEC 1, the one form of an EC key that the API server takes for the tokens of service accounts. */
function pem(key: webcrypto.CryptoKey): string {
    return KeyObject.from(key).export({ type: "sec1", format: "pem" }).toString();
}
