// The files of a message, as templates/files.mustache shows them; a picture opens over the page.

import { isPlainClick } from "./click.js";
import { readConfig } from "./config.js";
import { element, icon } from "./parts.js";

const BOX = { width: 320, height: 240 }; // as in cgi-bin/page_files.c

let config;
let held; // the promise of held_files.js, where the page's own requests for files would carry no token

function address(url) {
    config ??= readConfig(document.getElementById("app"));
    return config.api + url;
}

function showIn(img, url) {
    if (held) {
        held.then(({ showLater }) => showLater(img, url)).catch(() => (img.src = address(url)));
    } else {
        img.src = address(url);
    }
}

export function sizeLabel(bytes) {
    if (bytes < 1000) {
        return `${bytes} bytes`;
    }
    return bytes < 1e6 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function picture(file) {
    const scale = Math.min(1, BOX.width / file.width, BOX.height / file.height);
    const img = element("img", "");
    Object.assign(img, { alt: file.name, loading: "lazy", decoding: "async" });
    img.width = Math.max(1, Math.floor(file.width * scale));
    img.height = Math.max(1, Math.floor(file.height * scale));
    showIn(img, file.thumb?.url ?? file.url);
    const link = element("a", "file-image", img);
    link.href = address(file.url);
    link.dataset.path = file.url;
    return link;
}

function card(file) {
    const name = element("span", "file-name", element("bdi", "", file.name));
    const link = element("a", "file-card", icon("file"), name, " ", element("span", "file-size", sizeLabel(file.size)));
    link.href = address(file.url);
    link.dataset.path = file.url;
    link.download = file.name;
    return link;
}

export function showFiles(row, files) {
    row.querySelector(".files")?.remove();
    if (files.length > 0) {
        const items = files.map((file) => element("li", "", file.type.startsWith("image/") ? picture(file) : card(file)));
        row.querySelector(".msg-line").after(element("ul", "files", ...items));
    }
}

async function openPicture(link) {
    try {
        (await import("./lightbox.js")).showPicture(link, await held);
    } catch {
        location.assign(link.href);
    }
}

async function saveHeld(link) {
    try {
        (await held).save(link.dataset.path, link.download);
    } catch {
        location.assign(link.href);
    }
}

// A picture's link leads to it; a plain click has it shown here. Before the first row is made.
export function openPictures(api) {
    if (api.auth.kind === "storage") {
        held = import("./held_files.js").then((module) => {
            module.useApi(api);
            return module;
        });
    }
    document.addEventListener("click", (event) => {
        const link = event.target.closest?.("a.file-image, a.file-card");
        const act = link?.classList.contains("file-image") ? openPicture : held && link?.dataset.path && saveHeld;
        if (link && act && isPlainClick(event)) {
            event.preventDefault();
            act(link);
        }
    });
}
