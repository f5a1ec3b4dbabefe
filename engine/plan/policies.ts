import messages from "@pulumi/pulumi/proto/analyzer_pb.js";
import type { PolicyFinding } from "../policy/policyPack.ts";
import type { Violation } from "../protocol/events.ts";
import { createUrn, nameOf, parseReference, STACK_TYPE } from "../protocol/urn.ts";
import type { PropertyMap } from "../protocol/values.ts";
import { fromStruct, toStruct, type WireOptions } from "../protocol/wire.ts";
import type { ResourceState } from "../state/resource.ts";
import type { Goal } from "./goal.ts";
import { Reported, type Run } from "./run.ts";

/** Policies get secrets marked as secret, unknowns as unknown, and references as what they refer to. */
const WIRE: WireOptions = { unknowns: true, secrets: true, references: false };

function optionsOf(resource: ResourceState, goal: Goal | undefined) {
    const options = new messages.AnalyzerResourceOptions();
    options.setProtect(resource.protect);
    options.setIgnorechangesList(resource.ignoreChanges);
    options.setDeletebeforereplace(goal?.deleteBeforeReplace ?? false);
    options.setDeletebeforereplacedefined(goal?.deleteBeforeReplace !== undefined);
    options.setAdditionalsecretoutputsList(resource.additionalSecretOutputs);
    options.setAliasesList(resource.aliases);
    options.setParent(resource.parent ?? "");
    const timeouts = new messages.AnalyzerResourceOptions.CustomTimeouts();
    timeouts.setCreate(resource.customTimeouts.create);
    timeouts.setUpdate(resource.customTimeouts.update);
    timeouts.setDelete(resource.customTimeouts.delete);
    options.setCustomtimeouts(timeouts);
    return options;
}

function providerOf(run: Run, resource: ResourceState) {
    if (resource.provider === undefined) return undefined;
    const { urn } = parseReference(resource.provider);
    const state = run.made.get(urn) ?? run.snapshot.base.find(candidate => candidate.urn === urn);
    if (state === undefined) return undefined;
    const provider = new messages.AnalyzerProviderResource();
    provider.setUrn(urn);
    provider.setType(state.type);
    provider.setName(nameOf(urn));
    provider.setProperties(toStruct(withoutInternal(state.inputs), WIRE));
    return provider;
}

/** The engine's own settings are nothing a policy should judge. */
function withoutInternal(properties: PropertyMap): PropertyMap {
    const { __internal: _ours, ...rest } = properties;
    return rest;
}

function analyzeRequest(run: Run, resource: ResourceState, goal: Goal) {
    const request = new messages.AnalyzeRequest();
    request.setUrn(resource.urn);
    request.setType(resource.type);
    request.setName(nameOf(resource.urn));
    request.setProperties(toStruct(withoutInternal(resource.inputs), WIRE));
    request.setOptions(optionsOf(resource, goal));
    request.setProvider(providerOf(run, resource));
    return request;
}

function tellViolation(run: Run, finding: PolicyFinding, urn: string): Violation | undefined {
    if (finding.level === "disabled") return undefined;
    const level = finding.level === "advisory" ? "advisory" : "mandatory";
    const violation: Violation = { policy: finding.policy, level, urn, message: finding.message };
    run.report.event({ kind: "violation", ...violation });
    return violation;
}

async function remediate(run: Run, resource: ResourceState, goal: Goal): Promise<void> {
    for (const pack of run.policies) {
        for (const remediation of await pack.remediate(analyzeRequest(run, resource, goal))) {
            const policy = remediation.getPolicyname();
            const problem = remediation.getDiagnostic();
            if (problem !== "") {
                run.report.event({ kind: "violation", policy, level: "advisory", urn: resource.urn, message: problem });
                continue;
            }
            resource.inputs = fromStruct(remediation.getProperties());
            run.report.event({ kind: "remediation", policy, urn: resource.urn });
        }
    }
}

/**
 * Has every policy pack put right, then judge, what is about to be done to a resource. A mandatory violation makes an
 * update stop there; a preview goes on to show what else there is.
 */
export async function judgeResource(run: Run, resource: ResourceState, goal: Goal): Promise<void> {
    if (run.policies.length === 0) return;
    await remediate(run, resource, goal);
    const request = analyzeRequest(run, resource, goal);
    const findings = (await Promise.all(run.policies.map(pack => pack.analyze(request)))).flat();
    const violations = findings.map(finding => tellViolation(run, finding, resource.urn));
    if (!run.preview && violations.some(violation => violation?.level === "mandatory")) {
        throw new Reported(`${resource.urn} violates a mandatory policy`);
    }
}

/** Has every policy pack judge the stack as it is after the run, by the resources' outputs. */
export async function judgeStack(run: Run): Promise<void> {
    if (run.policies.length === 0) return;
    const request = new messages.AnalyzeStackRequest();
    for (const resource of run.made.values()) {
        const entry = new messages.AnalyzerResource();
        entry.setUrn(resource.urn);
        entry.setType(resource.type);
        entry.setName(nameOf(resource.urn));
        entry.setProperties(toStruct(resource.outputs, WIRE));
        entry.setOptions(optionsOf(resource, run.goals.get(resource.urn)));
        entry.setProvider(providerOf(run, resource));
        entry.setParent(resource.parent ?? "");
        entry.setDependenciesList(resource.dependencies);
        for (const [key, urns] of Object.entries(resource.propertyDependencies)) {
            const dependencies = new messages.AnalyzerPropertyDependencies();
            dependencies.setUrnsList(urns);
            entry.getPropertydependenciesMap().set(key, dependencies);
        }
        request.addResources(entry);
    }
    const stackUrn = createUrn(run.stack, run.project, undefined, STACK_TYPE, `${run.project}-${run.stack}`);
    const findings = (await Promise.all(run.policies.map(pack => pack.analyzeStack(request)))).flat();
    for (const finding of findings) tellViolation(run, finding, run.made.has(finding.urn) ? finding.urn : stackUrn);
}
