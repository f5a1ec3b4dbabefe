import "reflect-metadata";
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

/** What a host can show to a client: certificates from its own to the root's, PEM. */
export interface CertificateChains {
    valid: string;
    expired: string;
    "unknown-ca": string;
}

/** Keys and certificates of the lab's internet, PEM throughout. */
export interface LabTls {
    /** Private key that all hosts share. */
    key: string;
    chains: Record<string, CertificateChains>;
    /** What token services sign with, and the certificate by which registries know them. */
    tokenSigner: { key: string; certificate: string };
}

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]) };
/** Authorities are large and hosts small, as in the wild: it is the chain that fills packets, and each handshake signs. */
const CA_BITS = 4096;
const HOST_BITS = 2048;
const EC = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** Fixed, so that a host whose clock is years off still trusts what is meant to be valid. */
const VALID = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2049-12-31T00:00:00Z") };
const EXPIRED = { notBefore: new Date("2020-01-01T00:00:00Z"), notAfter: new Date("2021-01-01T00:00:00Z") };

interface Authority {
    certificate: x509.X509Certificate;
    keys: CryptoKeyPair;
    /** This authority's certificate and those above it, PEM. */
    chain: string;
}
type CryptoKeyPair = webcrypto.CryptoKeyPair;

/** A new root certificate, PEM, and under it keys and certificates for hosts of these names. Takes some seconds. */
export async function makeTls(hosts: readonly string[]): Promise<{ ca: string; tls: LabTls }> {
    const root = await authority("Clearpath Lab Root");
    const [policy, strangeRoot, host, signer] = await Promise.all([
        authority("Clearpath Lab Policy CA", root),
        authority("Some Other Root"),
        webcrypto.subtle.generateKey({ ...RSA, modulusLength: HOST_BITS }, true, ["sign", "verify"]),
        webcrypto.subtle.generateKey(EC, true, ["sign", "verify"]),
    ]);
    const [issuing, strangeIssuing] = await Promise.all([
        authority("Clearpath Lab Issuing CA", policy),
        authority("Some Other Issuing CA", strangeRoot),
    ]);
    const chains: [string, CertificateChains][] = await Promise.all(
        hosts.map(async name => [
            name,
            {
                valid: await hostChain(name, host, issuing, VALID),
                expired: await hostChain(name, host, issuing, EXPIRED),
                "unknown-ca": await hostChain(name, host, strangeIssuing, VALID),
            },
        ]),
    );
    const tls: LabTls = {
        key: await privateKeyPem(host),
        chains: Object.fromEntries(chains),
        tokenSigner: {
            key: await privateKeyPem(signer),
            certificate: await selfSigned("Clearpath Lab Tokens", signer),
        },
    };
    return { ca: `${root.certificate.toString("pem")}\n`, tls };
}

/** A new authority: a root without an issuer, an intermediate with one. */
async function authority(name: string, issuer?: Authority): Promise<Authority> {
    const keys = await webcrypto.subtle.generateKey({ ...RSA, modulusLength: CA_BITS }, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: distinguishedName(name),
        issuer: issuer?.certificate.subject ?? distinguishedName(name),
        ...VALID,
        signingAlgorithm: RSA,
        publicKey: keys.publicKey,
        signingKey: (issuer?.keys ?? keys).privateKey,
        extensions: [
            new x509.BasicConstraintsExtension(true, undefined, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
            await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
            await x509.AuthorityKeyIdentifierExtension.create((issuer?.keys ?? keys).publicKey),
        ],
    });
    const chain = `${certificate.toString("pem")}\n${issuer?.chain ?? ""}`;
    return { certificate, keys, chain };
}

/** A host's certificate with everything above it, the root too: servers do send it, and it fills one more packet. */
async function hostChain(
    name: string,
    keys: CryptoKeyPair,
    issuer: Authority,
    validity: { notBefore: Date; notAfter: Date },
): Promise<string> {
    const certificate = await x509.X509CertificateGenerator.create({
        serialNumber: serialNumber(),
        subject: distinguishedName(name),
        issuer: issuer.certificate.subject,
        ...validity,
        signingAlgorithm: RSA,
        publicKey: keys.publicKey,
        signingKey: issuer.keys.privateKey,
        extensions: [
            new x509.BasicConstraintsExtension(false, undefined, true),
            new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
            new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
            new x509.SubjectAlternativeNameExtension([{ type: "dns", value: name }]),
            await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
            await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
        ],
    });
    return `${certificate.toString("pem")}\n${issuer.chain}`;
}

async function selfSigned(name: string, keys: CryptoKeyPair): Promise<string> {
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        serialNumber: serialNumber(),
        name: distinguishedName(name),
        ...VALID,
        signingAlgorithm: EC,
        keys,
        extensions: [new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true)],
    });
    return certificate.toString("pem");
}

/** The name is given as JSON: a host name over 64 characters would not fit a common name, and dots need no escape. */
function distinguishedName(name: string): x509.JsonName {
    return [{ O: ["Clearpath Lab"] }, { CN: [name] }];
}

/** 16 random bytes, the first bit clear so that the number is positive. */
function serialNumber(): string {
    const bytes = webcrypto.getRandomValues(Buffer.alloc(16));
    bytes[0] = (bytes[0]! & 0x7f) | 0x40;
    return bytes.toString("hex");
}

async function privateKeyPem(keys: CryptoKeyPair): Promise<string> {
    const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
    return x509.PemConverter.encode(der, "PRIVATE KEY");
}
