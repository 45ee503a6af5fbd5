// A small picture of a picture, made here: no server ever decodes one.

const SIDE = 320;
const BYTES = 32768;
const QUALITIES = [0.85, 0.7, 0.5, 0.3];
const KINDS = ["image/png", "image/jpeg", "image/webp"]; // a GIF may move

const encoded = (canvas, quality) => new Promise((resolve) => canvas.toBlob(resolve, "image/webp", quality));

// A Blob, or null where there is none to be had or the picture itself is small enough.
export async function thumbOf(file) {
    if (!KINDS.includes(file.type) || file.size <= BYTES) {
        return null;
    }
    const bitmap = await createImageBitmap(file).catch(() => null);
    if (!bitmap) {
        return null;
    }
    const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    for (const quality of QUALITIES) {
        const blob = await encoded(canvas, quality);
        if (blob && blob.size <= BYTES) {
            return blob;
        }
    }
    return null;
}
