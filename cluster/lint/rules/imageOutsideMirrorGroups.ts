import { dependentsIn, isDeclaredBootstrap } from "../flux/bootstrap.ts";
import { outsideGroups } from "../images/mirrorGroups.ts";
import { imageName, imagesOf } from "../images/reference.ts";
import type { Rule } from "../judgement.ts";
import { nameOf } from "../object.ts";

/** An image needed before the cluster can do anything else, which no mirror group holds. */
export const imageOutsideMirrorGroups: Rule = ({ kustomizations, waiting, bootstrap, mirrorGroups }) => {
    if (!mirrorGroups) return [];
    const dependentsOf = dependentsIn(waiting);
    return kustomizations.flatMap(kustomization => {
        const { object, applies } = kustomization;
        const declared = isDeclaredBootstrap(kustomization, bootstrap);
        // Flux's own controllers come with the Kustomization that applies itself.
        const appliesItself = applies.some(one => one.document === object.document);
        const dependents = dependentsOf(kustomization).size;
        if (declared === false || !(declared || appliesItself || dependents > 0)) return [];
        const need =
            declared || appliesItself ? "is part of the bootstrap" : `${dependents} Kustomizations wait for it`;
        return applies.flatMap(user =>
            imagesOf(user).flatMap(({ image, at }) => {
                const outside = outsideGroups(image, mirrorGroups);
                if (!outside) return [];
                const others = outside.others.length > 0 ? ` Held of it: ${outside.others.join(", ")}.` : "";
                return [
                    {
                        rule: "image-outside-mirror-groups",
                        severity: "warning",
                        at,
                        object: nameOf(user),
                        message:
                            `${imageName(image)} is in no mirror group, so a rebuild pulls it over the uplink, and ` +
                            `${nameOf(object)} (${need}) depends on that.${others} Add it to a group.`,
                        chain: [nameOf(object), nameOf(user), imageName(image)],
                    },
                ];
            }),
        );
    });
};
