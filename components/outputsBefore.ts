import * as pulumi from "@pulumi/pulumi";

/** Reads a stack's own state. Source: `pkg/resource/deploy/builtins.go` of Pulumi, which serves it at previews too. */
const READ_OUTPUTS = "pulumi:pulumi:readStackResourceOutputs";

/** What a component registered as its outputs in the last `up`; undefined before the first. The same from every engine. */
export function outputsBefore(component: pulumi.ComponentResource): pulumi.Output<Record<string, unknown> | undefined> {
    // As a promise, or what is made of it would wait for the component, and so for all its children, and itself.
    const urn = new Promise<string>(resolve => {
        component.urn.apply(resolve);
    });
    return pulumi.output(
        urn.then(async urn => {
            const { outputs } = await pulumi.runtime.invoke(READ_OUTPUTS, { stackName: ownStack() });
            return outputs?.[urn]?.outputs as Record<string, unknown> | undefined;
        }),
    );
}

function ownStack(): string {
    const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
    try {
        return `${pulumi.getOrganization()}/${project}/${stack}`;
    } catch {
        // Mocks of unit tests need not name an organization.
        return stack;
    }
}
