// Runs in every page before anything of it: what the tests ask the browser about a page.
globalThis.inPage = {
    /** Width of all content in CSS pixels: more than the window's means scrolling sideways. */
    width: () => document.documentElement.scrollWidth,

    /** Red, green and blue of what is behind everything. */
    background: () => channels(getComputedStyle(document.body).backgroundColor).slice(0, 3),

    openDetails() {
        for (const details of document.querySelectorAll("details")) details.open = true;
    },

    /** Everything that sticks out of the window to the right and is not inside of something that scrolls by itself. */
    sticksOut() {
        const width = document.documentElement.clientWidth;
        return [...document.querySelectorAll("body *")]
            .filter(element => element.checkVisibility() && !element.closest(".scroll, .heat thead"))
            .filter(element => element.getBoundingClientRect().right > width + 0.5)
            .map(element => `${element.tagName} ${element.textContent.trim().slice(0, 40)}`);
    },

    /** How many texts can be seen. */
    texts: () => visibleTexts().length,

    /**
     * Texts with a contrast below 4.5, the limit of WCAG 2.1, success criterion 1.4.3. Takes backgrounds to be opaque,
     * which they are here.
     */
    faintTexts() {
        return visibleTexts()
            .map(({ element, text }) => ({ text, contrast: contrastOf(element) }))
            .filter(({ contrast }) => contrast < 4.5);
    },
};

function visibleTexts() {
    return [...document.querySelectorAll("body *")]
        .filter(element => element.checkVisibility() && !element.closest("style, title"))
        .map(element => {
            const own = [...element.childNodes].filter(child => child.nodeType === Node.TEXT_NODE);
            return { element, text: own.map(child => child.textContent.trim()).join("") };
        })
        .filter(({ text }) => text !== "");
}

function contrastOf(element) {
    const style = getComputedStyle(element);
    const lights = [luminance(element.closest("svg") ? style.fill : style.color), luminance(colourBehind(element))];
    return (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
}

function colourBehind(element) {
    const colour = getComputedStyle(element).backgroundColor;
    return channels(colour)[3] !== 0 || !element.parentElement ? colour : colourBehind(element.parentElement);
}

/** Relative luminance by WCAG 2.1. */
function luminance(colour) {
    const [red, green, blue] = channels(colour)
        .slice(0, 3)
        .map(value => value / 255)
        .map(value => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function channels(colour) {
    return colour.match(/[\d.]+/g).map(Number);
}
