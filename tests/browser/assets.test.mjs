// What scripts/assets.mjs made of static/: one script and one sheet for the first paint.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const VENDOR = new URL("../../static/vendor/", import.meta.url);
const text = (name) => readFileSync(new URL(name, VENDOR), "utf8");
const scripts = readdirSync(new URL("js/", VENDOR)).filter((name) => name.endsWith(".js"));
const importsOf = (name) => [...text(`js/${name}`).matchAll(/(?:\bfrom|\bimport\(?)\s*["'`](\.\/[^"'`]+)["'`]/g)].map((match) => match[1]);

test("the page's script waits for no other", () => {
    assert.doesNotMatch(text("js/main.js"), /\bimport\s*["'{*]/);
});

test("what is loaded later is there, and shares the script that the page has already", () => {
    const version = text(".version").trim();
    assert.ok(importsOf("main.js").length > 0);
    for (const name of scripts) {
        for (const wanted of importsOf(name)) {
            const [file, query] = wanted.split("?");
            assert.ok(existsSync(new URL(`js/${file}`, VENDOR)), `${name} wants ${wanted}`);
            assert.equal(query, file === "./main.js" ? `v=${version}` : undefined, name);
        }
    }
});

test("every script leads to its readable source", () => {
    for (const name of scripts) {
        const map = JSON.parse(text(`js/${name}.map`));
        assert.ok(map.sources.length > 0);
        for (const source of map.sources) {
            assert.ok(existsSync(new URL(`js/${source}`, VENDOR)), source);
        }
    }
});

test("of Bootstrap the page has what it uses, and no more", () => {
    const sheet = text("chat.css");
    for (const used of [".btn-primary", ".form-control", ".visually-hidden", "blockquote"]) {
        assert.ok(sheet.includes(used), used);
    }
    for (const unused of [".carousel", ".col-md-4"]) {
        assert.ok(!sheet.includes(unused), unused);
    }
});
