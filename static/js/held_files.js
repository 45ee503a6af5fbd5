// Files where the token is in the hands of scripts: no picture and no link can show it, so bytes are
// fetched with it and shown from memory, for no longer than that takes.

import { toast } from "./toast.js";

const FETCH_MS = 120000;
const SAVE_MS = 60000; // how long a browser may take until it has begun to save
const NEAR = "300px"; // as pictures are that load lazily

let api;
let near; // tells of pictures that come into sight
const waiting = new WeakMap(); // img → what it shows

export function useApi(given) {
    api = given;
    const look = (seen) => seen.filter((one) => one.isIntersecting).forEach(({ target }) => load(target));
    near = new IntersectionObserver(look, { rootMargin: NEAR, scrollMargin: NEAR });
}

const fetchBlob = (path) => api.getBlob(path, AbortSignal.timeout(FETCH_MS));

async function load(img) {
    const path = waiting.get(img);
    waiting.delete(img);
    near.unobserve(img);
    if (path !== undefined) {
        try {
            await show(img, path);
        } catch {
            img.src = api.base + path; // which cannot be had: so its name is shown
        }
    }
}

// Now. What came for a picture that shows something else meanwhile is let go.
export async function show(img, path) {
    img.dataset.path = path;
    const url = URL.createObjectURL(await fetchBlob(path));
    const release = () => URL.revokeObjectURL(url);
    if (img.dataset.path !== path) {
        release();
        return;
    }
    img.addEventListener("load", release, { once: true });
    img.addEventListener("error", release, { once: true });
    img.src = url;
}

// As soon as it is in sight.
export function showLater(img, path) {
    waiting.set(img, path);
    near.observe(img);
}

export async function save(path, name) {
    try {
        const link = document.createElement("a");
        link.href = URL.createObjectURL(await fetchBlob(path));
        link.download = name;
        link.click();
        setTimeout(() => URL.revokeObjectURL(link.href), SAVE_MS);
    } catch (error) {
        toast(error.message);
    }
}
