import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { type UngroupedImage, ungroupedImages } from "../../cluster/images/usedImages.ts";
import {
    type MirrorGroup,
    NoMirrorGroups,
    parseMirrorGroups,
    plannedGroups,
} from "../../cluster/lint/images/mirrorGroups.ts";
import { imageName } from "../../cluster/lint/images/reference.ts";
import { CouldNotRun, EXIT } from "../exit.ts";
import { addClusterOptions, type ClusterFlags, withCluster } from "./withCluster.ts";

interface Flags extends ClusterFlags {
    fromCluster?: boolean;
    imageGroups?: string;
    json?: boolean;
}

/** Adds `clearpath images`. */
export function imagesCommand(program: Command): void {
    const command = program
        .command("images")
        .description("Show the groups of images that a cache is warmed with, or what a cluster uses beyond them.")
        .option("--from-cluster", "list the images that a live cluster uses and no group names")
        .option("--image-groups <file>", "groups in place of the plan's: YAML or JSON, or K3s's registries.yaml");
    addClusterOptions(command)
        .option("--json", "print one JSON object")
        .addHelpText("after", "\nExit code 0: nothing is missing. 1: something is. 2: usage. 3: could not run.");

    command.action(async (flags: Flags) => {
        const groups = flags.imageGroups ? await groupsOf(flags.imageGroups) : plannedGroups();
        if (!flags.fromCluster) {
            process.stdout.write(flags.json ? json({ groups: groups.map(named) }) : groupsText(groups));
            return;
        }
        const images = await withCluster(flags, api => ungroupedImages(api, groups));
        process.stdout.write(flags.json ? json({ images }) : imagesText(images));
        if (images.length > 0) process.exitCode = EXIT.foundSomething;
    });
}

async function groupsOf(file: string): Promise<MirrorGroup[]> {
    try {
        return parseMirrorGroups(file, await readFile(file, "utf8"));
    } catch (error) {
        if (error instanceof NoMirrorGroups) throw new CouldNotRun(error.message);
        throw new CouldNotRun(
            `${file} cannot be read: ${(error as Error).message}. Give a file with groups of images.`,
        );
    }
}

function named({ name, images, registries }: MirrorGroup) {
    return { name, images: images.map(imageName), registries };
}

function groupsText(groups: readonly MirrorGroup[]): string {
    return groups
        .map(named)
        .map(({ name, images, registries }) =>
            [name, ...images.map(image => `  ${image}`), ...registries.map(registry => `  all of ${registry}`)].join(
                "\n",
            ),
        )
        .join("\n\n")
        .concat("\n");
}

const MOST_NAMED = 3;

function imagesText(images: readonly UngroupedImage[]): string {
    if (images.length === 0) return "Every image that the cluster uses is in a group.\n";
    const lines = images.flatMap(({ image, usedBy, otherVersions }) => {
        const more = usedBy.length - MOST_NAMED;
        const by = `${usedBy.slice(0, MOST_NAMED).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
        return [
            image,
            `    used by ${by}`,
            ...(otherVersions.length > 0 ? [`    grouped: ${otherVersions.join(", ")}`] : []),
        ];
    });
    return `${lines.join("\n")}\n${images.length === 1 ? "1 image is" : `${images.length} images are`} in no group.\n`;
}

function json(value: object): string {
    return `${JSON.stringify(value, null, 2)}\n`;
}
