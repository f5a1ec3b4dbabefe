import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/analyzer_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import structProto from "google-protobuf/google/protobuf/struct_pb.js";
import { type RunningProcess, startPlugin } from "../process/childProcess.ts";
import { PLAIN_ERRORS } from "../process/program.ts";
import { CHANNEL_OPTIONS, call, isUnimplemented } from "../protocol/rpc.ts";
import { ORGANIZATION } from "../state/stateFile.ts";
import {
    ENFORCEMENT_LEVELS,
    type EnforcementLevel,
    type PolicyInfo,
    type PolicySetting,
    readPolicyConfig,
    reconcile,
} from "./policyConfig.ts";

type AnalyzeRequest = InstanceType<typeof messages.AnalyzeRequest>;
type AnalyzeStackRequest = InstanceType<typeof messages.AnalyzeStackRequest>;
type Remediation = InstanceType<typeof messages.Remediation>;

/** One thing a policy objects to. */
export interface PolicyFinding {
    policy: string;
    level: EnforcementLevel;
    message: string;
    urn: string;
}

export interface PolicyPackSettings {
    directory: string;
    /** File with the policies' settings. */
    configFile: string | undefined;
    engineAddress: string;
    project: string;
    stack: string;
    preview: boolean;
    env: NodeJS.ProcessEnv;
    /** Full key to text, and which of them are secret. */
    config: Map<string, { text: string; secret: boolean }>;
}

function policyInfoOf(info: InstanceType<typeof messages.PolicyInfo>): PolicyInfo {
    const schema = info.getConfigschema();
    return {
        name: info.getName(),
        level: ENFORCEMENT_LEVELS[info.getEnforcementlevel()] ?? "advisory",
        properties: (schema?.getProperties()?.toJavaScript() ?? {}) as PolicyInfo["properties"],
        required: schema?.getRequiredList() ?? [],
    };
}

function findingsOf(response: InstanceType<typeof messages.AnalyzeResponse>): PolicyFinding[] {
    return response.getDiagnosticsList().map(diagnostic => ({
        policy: diagnostic.getPolicyname(),
        level: ENFORCEMENT_LEVELS[diagnostic.getEnforcementlevel()] ?? "advisory",
        message: diagnostic.getMessage(),
        urn: diagnostic.getUrn(),
    }));
}

/** One running policy pack. */
export class PolicyPack {
    readonly #process: RunningProcess;
    readonly #client: InstanceType<typeof services.AnalyzerClient>;

    private constructor(running: RunningProcess & { port: number }) {
        this.#process = running;
        this.#client = new services.AnalyzerClient(
            `127.0.0.1:${running.port}`,
            grpc.credentials.createInsecure(),
            CHANNEL_OPTIONS,
        );
    }

    /** Starts a pack by the `@pulumi/pulumi` that its directory resolves, and configures it. Throws with what it wrote. */
    static async start(settings: PolicyPackSettings): Promise<PolicyPack> {
        const { directory, engineAddress, project, stack, preview, env } = settings;
        if (!existsSync(join(directory, "PulumiPolicy.yaml"))) {
            throw new Error(
                `There is no ${join(directory, "PulumiPolicy.yaml")}. Nothing was done. --policy-pack takes the directory of a policy pack.`,
            );
        }
        const runner = createRequire(join(directory, "PulumiPolicy.yaml")).resolve(
            "@pulumi/pulumi/cmd/run-policy-pack",
        );
        const running = await startPlugin(process.execPath, ["--require", PLAIN_ERRORS, runner, engineAddress, "."], {
            cwd: directory,
            env: {
                ...env,
                PULUMI_CONFIG: JSON.stringify(
                    Object.fromEntries([...settings.config].map(([key, { text }]) => [key, text])),
                ),
                PULUMI_NODEJS_ORGANIZATION: ORGANIZATION,
                PULUMI_NODEJS_PROJECT: project,
                PULUMI_NODEJS_STACK: stack,
                PULUMI_NODEJS_DRY_RUN: String(preview),
            },
        });
        const pack = new PolicyPack(running);
        try {
            await pack.#configureStack(settings);
            await pack.#configurePolicies(settings.configFile);
        } catch (error) {
            await pack.stop();
            throw error;
        }
        return pack;
    }

    async #configureStack({ project, stack, preview, config }: PolicyPackSettings): Promise<void> {
        const request = new messages.AnalyzerStackConfigureRequest();
        request.setStack(stack);
        request.setProject(project);
        request.setOrganization(ORGANIZATION);
        request.setDryRun(preview);
        for (const [key, { text }] of config) request.getConfigMap().set(key, text);
        request.setConfigSecretKeysList([...config].filter(([, { secret }]) => secret).map(([key]) => key));
        await call(this.#client, this.#client.configureStack, request).catch(error => {
            if (!isUnimplemented(error)) throw error;
        });
    }

    async #configurePolicies(configFile: string | undefined): Promise<void> {
        const info = await call(this.#client, this.#client.getAnalyzerInfo, new empty.Empty());
        const initial: Record<string, PolicySetting> = {};
        info.getInitialconfigMap().forEach((setting, name) => {
            initial[name] = {
                level: ENFORCEMENT_LEVELS[setting.getEnforcementlevel()] ?? "advisory",
                properties: (setting.getProperties()?.toJavaScript() ?? {}) as Record<string, unknown>,
            };
        });
        const file = configFile === undefined ? {} : await readPolicyConfig(configFile);
        const settings = reconcile(info.getPoliciesList().map(policyInfoOf), initial, file);
        const request = new messages.ConfigureAnalyzerRequest();
        for (const [name, { level, properties }] of settings) {
            const setting = new messages.PolicyConfig();
            setting.setEnforcementlevel(ENFORCEMENT_LEVELS.indexOf(level) as 0 | 1 | 2 | 3);
            setting.setProperties(
                structProto.Struct.fromJavaScript(
                    properties as Parameters<typeof structProto.Struct.fromJavaScript>[0],
                ),
            );
            request.getPolicyconfigMap().set(name, setting);
        }
        await call(this.#client, this.#client.configure, request);
    }

    async remediate(request: AnalyzeRequest): Promise<Remediation[]> {
        const response = await call(this.#client, this.#client.remediate, request).catch(error => {
            if (isUnimplemented(error)) return new messages.RemediateResponse();
            throw error;
        });
        return response.getRemediationsList();
    }

    async analyze(request: AnalyzeRequest): Promise<PolicyFinding[]> {
        return findingsOf(await call(this.#client, this.#client.analyze, request));
    }

    async analyzeStack(request: AnalyzeStackRequest): Promise<PolicyFinding[]> {
        return findingsOf(await call(this.#client, this.#client.analyzeStack, request));
    }

    async stop(): Promise<void> {
        this.#client.close();
        await this.#process.stop();
    }
}
