import { PolicyPack } from "@pulumi/policy";

/** Type and properties of a thing, where the resource is one. */
function thingValue(type: string, props: Record<string, unknown>): unknown {
    return type === "enginetest:index:Thing" ? props.value : undefined;
}

new PolicyPack("engine-test", {
    policies: [
        {
            name: "no-forbidden-value",
            description: "No thing has a forbidden value.",
            enforcementLevel: "mandatory",
            configSchema: { properties: { forbidden: { type: "string", default: "bad" } } },
            validateResource: (args, report) => {
                const { forbidden } = args.getConfig<{ forbidden: string }>();
                if (thingValue(args.type, args.props) === forbidden) {
                    report(`value is ${forbidden}, which is forbidden. Choose another.`);
                }
            },
        },
        {
            name: "calm-value",
            description: "Values are calm.",
            enforcementLevel: "advisory",
            validateResource: (args, report) => {
                if (String(thingValue(args.type, args.props) ?? "").endsWith("!"))
                    report("value shouts. Leave out the exclamation mark.");
            },
        },
        {
            name: "trimmed-value",
            description: "Values have no blanks around them.",
            enforcementLevel: "remediate",
            remediateResource: args => {
                const value = thingValue(args.type, args.props);
                if (typeof value === "string" && value !== value.trim()) return { ...args.props, value: value.trim() };
                return undefined;
            },
        },
        {
            name: "outputs-not-loud",
            description: "What the world answers is not LOUD.",
            enforcementLevel: "mandatory",
            validateStack: (args, report) => {
                for (const resource of args.resources) {
                    if (resource.props.shout === "LOUD")
                        report("the world answered LOUD. Choose a quiet value.", resource.urn);
                }
            },
        },
    ],
});
