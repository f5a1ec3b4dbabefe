/** Why the MTU of a link cannot be written for the next boot: one sentence with the place, and one with the remedy. */
export class BootRefusal extends Error {
    override readonly name = "BootRefusal";
}
