/**
 * The key and the values by which Pulumi marks special values inside plain JSON, on the wire and in the state alike.
 * Source: sdk/go/common/resource/properties.go and sdk/go/common/resource/plugin/rpc.go of pulumi/pulumi.
 */
export const SIGNATURE_KEY = "4dabf18193072939515e22adb298388d";

export const SIGNATURE = {
    secret: "1b47061264138c4ac30d75fd1eb44270",
    resourceReference: "5cf8f73096256a8f31e491e813e4eb8e",
    outputValue: "d0e6a833031e9bbcd3f4e8bde6ca49a4",
    asset: "c44067f5952c0a294b673a41bacd8c17",
    archive: "0def7320c3a5731c473e5ecbe6d01bc7",
} as const;

/** What stands for an unknown value; strings are what is written, the others come from older plugins. */
export const UNKNOWN_STRING = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

export const UNKNOWN_VALUES: ReadonlySet<string> = new Set([
    UNKNOWN_STRING,
    "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
    "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
    "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
    "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);
