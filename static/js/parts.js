// Pieces of the page, cloned from the one <template> that the server filled with its own partials.

const template = document.getElementById("parts");

// The part whose root element has the class `name`.
export function part(name) {
    return [...template.content.children].find((child) => child.classList.contains(name)).cloneNode(true);
}

export function icon(name) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("aria-hidden", "true");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    use.setAttribute("href", `#i-${name}`);
    svg.append(use);
    return svg;
}

export function element(tag, className, ...children) {
    const made = document.createElement(tag);
    made.className = className;
    made.append(...children);
    return made;
}
