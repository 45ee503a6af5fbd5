// The files of a message, as templates/files.mustache shows them; a picture opens over the page.

import { readConfig } from "./config.js";
import { element, icon } from "./parts.js";

const BOX = { width: 320, height: 240 }; // as in cgi-bin/page_files.c

let api;

function address(url) {
    api ??= readConfig(document.getElementById("app")).api;
    return api + url;
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
    img.src = address(file.thumb?.url ?? file.url);
    const link = element("a", "file-image", img);
    link.href = address(file.url);
    return link;
}

function card(file) {
    const name = element("span", "file-name", element("bdi", "", file.name));
    const link = element("a", "file-card", icon("file"), name, " ", element("span", "file-size", sizeLabel(file.size)));
    link.href = address(file.url);
    link.download = "";
    return link;
}

export function showFiles(row, files) {
    row.querySelector(".files")?.remove();
    if (files.length > 0) {
        const items = files.map((file) => element("li", "", file.type.startsWith("image/") ? picture(file) : card(file)));
        row.querySelector(".msg-line").after(element("ul", "files", ...items));
    }
}

// A picture's link leads to it; a plain click has it shown here.
export function openPictures() {
    document.addEventListener("click", async (event) => {
        const link = event.target.closest?.("a.file-image");
        if (link && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
            event.preventDefault();
            try {
                (await import("./lightbox.js")).showPicture(link);
            } catch {
                location.assign(link.href);
            }
        }
    });
}
