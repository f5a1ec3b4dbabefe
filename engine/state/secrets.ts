import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

const deriveKey = promisify(pbkdf2);

/** Pulumi's parameters: PBKDF2-SHA256 with a million rounds, AES-256-GCM with a 12-byte nonce and a 16-byte tag. */
const ROUNDS = 1_000_000;
const KEY_BYTES = 32;
const SALT_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypted inside the salt string, so that a wrong passphrase is noticed before anything is read. */
const PROOF = "pulumi";

/** Encrypts and decrypts the values of one stack. */
export interface Crypter {
    /** `v1:SALT:PROOF`: what `encryptionsalt` in the stack's settings and the state's secrets provider hold. */
    readonly salt: string;
    encrypt(plaintext: string): string;
    decrypt(ciphertext: string): string;
}

/** The passphrase does not fit the stack. */
export class WrongPassphrase extends Error {
    override name = "WrongPassphrase";
}

function encryptWith(key: Buffer, plaintext: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv("aes-256-gcm", key, nonce);
    const sealed = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
    return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

function decryptWith(key: Buffer, ciphertext: string): string {
    const [version, nonce = "", sealed = ""] = ciphertext.split(":");
    if (version !== "v1")
        throw new Error("An encrypted value does not start with v1. It was not made by a passphrase.");
    const bytes = Buffer.from(sealed, "base64");
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    return decipher.update(bytes.subarray(0, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
}

function crypterWith(key: Buffer, salt: string): Crypter {
    return {
        salt,
        encrypt: plaintext => encryptWith(key, plaintext),
        decrypt: ciphertext => decryptWith(key, ciphertext),
    };
}

/** A crypter with a salt of its own, for a stack that has none yet. */
export async function newCrypter(passphrase: string): Promise<Crypter> {
    const salt = randomBytes(SALT_BYTES);
    const key = await deriveKey(passphrase, salt, ROUNDS, KEY_BYTES, "sha256");
    return crypterWith(key, `v1:${salt.toString("base64")}:${encryptWith(key, PROOF)}`);
}

/** The crypter of a salt string. Throws `WrongPassphrase` when the passphrase is not the one it was made with. */
export async function openCrypter(salt: string, passphrase: string): Promise<Crypter> {
    const [version, bytes = "", ...proof] = salt.split(":");
    if (version !== "v1" || proof.length === 0) {
        throw new Error(
            `The stack's encryptionsalt "${salt}" is not of the form v1:SALT:PROOF. It was cut off or edited.`,
        );
    }
    const key = await deriveKey(passphrase, Buffer.from(bytes, "base64"), ROUNDS, KEY_BYTES, "sha256");
    let plaintext: string;
    try {
        plaintext = decryptWith(key, proof.join(":"));
    } catch {
        plaintext = "";
    }
    if (plaintext !== PROOF) {
        throw new WrongPassphrase(
            "The passphrase does not open this stack's secrets. Nothing was done. Set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE to the passphrase that the stack was created with.",
        );
    }
    return crypterWith(key, salt);
}
