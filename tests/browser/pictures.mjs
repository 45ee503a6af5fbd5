// Pictures for tests, made by hand.

import { randomBytes } from "node:crypto";
import { deflateSync } from "node:zlib";

function crc(bytes) {
    let sum = ~0;
    for (const byte of bytes) {
        sum ^= byte;
        for (let i = 0; i < 8; i++) {
            sum = (sum >>> 1) ^ (0xedb88320 & -(sum & 1));
        }
    }
    return ~sum >>> 0;
}

function chunk(type, data) {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(crc(body));
    return Buffer.concat([length, body, check]);
}

// Bars on a ground, as a chart has them, with noise so that it takes several parts, and an author's name.
export function chart(name, width = 480, height = 300) {
    const head = Buffer.alloc(13);
    head.writeUInt32BE(width, 0);
    head.writeUInt32BE(height, 4);
    head.set([8, 2, 0, 0, 0], 8);
    const rows = [];
    for (let y = 0; y < height; y++) {
        const row = randomBytes(1 + width * 3);
        row[0] = 0;
        for (let x = 0; x < width; x++) {
            const bar = height - y < (height / 3) * (1.4 + Math.sin(x / 40) + 0.3 * Math.sin(x / 7)) && x % 24 < 16;
            row[1 + x * 3] = (bar ? 0x0b : 0xe2) + (row[1 + x * 3] & 15);
            row[2 + x * 3] = (bar ? 0x64 : 0xe8) + (row[2 + x * 3] & 15);
            row[3 + x * 3] = (bar ? 0x78 : 0xe8) + (row[3 + x * 3] & 15);
        }
        rows.push(row);
    }
    const text = chunk("tEXt", Buffer.from("Author\0Ana of the third floor"));
    const data = chunk("IDAT", deflateSync(Buffer.concat(rows)));
    const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    return {
        name,
        mimeType: "image/png",
        buffer: Buffer.concat([signature, chunk("IHDR", head), text, data, chunk("IEND", Buffer.alloc(0))]),
    };
}
