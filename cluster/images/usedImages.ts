import type { ClusterApi } from "../api/clusterApi.ts";
import type { Container, Metadata, Pod } from "../api/objects.ts";
import { type MirrorGroup, outsideGroups } from "../lint/images/mirrorGroups.ts";
import { imageName, parseImage } from "../lint/images/reference.ts";

/** An image that a cluster uses and no group names. */
export interface UngroupedImage {
    /** With registry and `library/`, as containerd pulls it. */
    image: string;
    /** `namespace/name` of the pods and CronJobs that use it, sorted. */
    usedBy: string[];
    /** Other versions of it that a group names. */
    otherVersions: string[];
}

interface PodTemplate {
    containers?: Container[];
    initContainers?: Container[];
    ephemeralContainers?: Container[];
}

interface CronJob {
    metadata: Metadata;
    spec: { jobTemplate: { spec: { template: { spec: PodTemplate } } } };
}

/**
 * The images that pods of a cluster use, those of CronJobs between two runs included, and that no group names. An image
 * that no rule can read is left out: containerd could not pull it either.
 */
export async function ungroupedImages(api: ClusterApi, groups: readonly MirrorGroup[]): Promise<UngroupedImage[]> {
    const users = new Map<string, Set<string>>();
    const take = ({ namespace, name }: Metadata, template: PodTemplate) => {
        for (const image of imagesOf(template))
            users.set(image, (users.get(image) ?? new Set()).add(`${namespace}/${name}`));
    };
    for await (const { metadata, spec } of api.list<Pod>("/api/v1/pods")) take(metadata, spec);
    for await (const { metadata, spec } of api.list<CronJob>("/apis/batch/v1/cronjobs"))
        take(metadata, spec.jobTemplate.spec.template.spec);
    return [...users]
        .flatMap(([written, by]) => {
            const image = parseImage(written);
            const outside = image && outsideGroups(image, groups);
            return outside ? [{ image: imageName(image), usedBy: [...by].sort(), otherVersions: outside.others }] : [];
        })
        .sort((a, b) => (a.image < b.image ? -1 : 1));
}

function imagesOf({ containers = [], initContainers = [], ephemeralContainers = [] }: PodTemplate): string[] {
    const images = [...containers, ...initContainers, ...ephemeralContainers].map(({ image }) => image);
    return [...new Set(images.filter(image => image !== undefined))];
}
