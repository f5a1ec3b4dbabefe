import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { isIP } from "node:net";
import * as x509 from "@peculiar/x509";

/** A certificate and its key, PEM. */
export interface Identity {
    certificate: string;
    privateKey: string;
    /** When it expires, ISO 8601. */
    notAfter: string;
}

/** ECDSA on P-256 with SHA-256: every TLS client of the last ten years verifies it, and it is small in a handshake. */
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** The clock of a host that was off for a long time is late. */
const BACKDATED_MS = 24 * 3600 * 1000;

/** A new private certificate authority of this name. It can sign servers, but no other authority. */
export async function newAuthority(name: string, notAfter: Date): Promise<Identity> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        serialNumber: serialNumber(),
        name: distinguishedName(name),
        notBefore: new Date(Date.now() - BACKDATED_MS),
        notAfter,
        signingAlgorithm: ALGORITHM,
        keys,
        extensions: [
            new x509.BasicConstraintsExtension(true, 0, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
            await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
        ],
    });
    return identity(certificate, keys);
}

/** A new server certificate for these DNS names and addresses, signed by the authority. */
export async function newServerCertificate(
    authority: Pick<Identity, "certificate" | "privateKey">,
    names: readonly string[],
    notAfter: Date,
): Promise<Identity> {
    const issuer = new x509.X509Certificate(authority.certificate);
    const signingKey = await webcrypto.subtle.importKey(
        "pkcs8",
        x509.PemConverter.decodeFirst(authority.privateKey),
        ALGORITHM,
        false,
        ["sign"],
    );
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: distinguishedName(names[0]!),
        issuer: issuer.subjectName.toJSON(),
        notBefore: new Date(Date.now() - BACKDATED_MS),
        notAfter,
        signingAlgorithm: ALGORITHM,
        publicKey: keys.publicKey,
        signingKey,
        extensions: [
            new x509.BasicConstraintsExtension(false, undefined, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
            new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
            new x509.SubjectAlternativeNameExtension(
                names.map(name => ({ type: isIP(name) === 0 ? "dns" : "ip", value: name })),
            ),
            await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey),
        ],
    });
    return identity(certificate, keys);
}

type Keys = webcrypto.CryptoKeyPair;

async function newKeys(): Promise<Keys> {
    return (await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"])) as Keys;
}

async function identity(certificate: x509.X509Certificate, keys: Keys): Promise<Identity> {
    const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
    return {
        certificate: `${certificate.toString("pem")}\n`,
        privateKey: `${x509.PemConverter.encode(der, "PRIVATE KEY")}\n`,
        notAfter: certificate.notAfter.toISOString(),
    };
}

/** Given as JSON, so that no character of a name needs an escape. A common name has at most 64 characters (RFC 5280). */
function distinguishedName(name: string): x509.JsonName {
    return [{ CN: [name.slice(0, 64)] }];
}

/** 16 random bytes, the first bit clear so that the number is positive. */
function serialNumber(): string {
    const bytes = webcrypto.getRandomValues(Buffer.alloc(16));
    bytes[0] = (bytes[0]! & 0x7f) | 0x40;
    return bytes.toString("hex");
}
