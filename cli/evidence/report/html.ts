/** Text that is HTML already. */
export class Html {
    readonly text: string;

    constructor(text: string) {
        this.text = text;
    }
}

/** What a template takes: text and numbers get escaped, HTML and lists of it do not, and nothing is nothing. */
export type Fragment = Html | string | number | null | undefined | false | readonly Fragment[];

/** HTML from a template, with every value escaped, in text and in quoted attributes. */
export function html(strings: TemplateStringsArray, ...values: Fragment[]): Html {
    return new Html(String.raw({ raw: strings }, ...values.map(rendered)));
}

function rendered(value: Fragment): string {
    if (value === null || value === undefined || value === false) return "";
    if (value instanceof Html) return value.text;
    return typeof value === "object" ? value.map(rendered).join("") : escaped(String(value));
}

const ENTITIES: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function escaped(text: string): string {
    return text.replace(/[&<>"']/g, character => ENTITIES[character]!);
}
