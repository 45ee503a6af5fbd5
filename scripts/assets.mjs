// assets.mjs VERSION: makes what browsers are given, in static/vendor/:
//
//   chat.css         static/css/chat.css with what it imports, behind the part of Bootstrap that is used
//   css/NAME.css     static/css/later/NAME.css: a sheet that a module loads when it is needed (style.js)
//   js/main.js       static/js/main.js with all that it imports, as one file; likewise the page of the emoji frame
//   emoji/data.json  as it comes, packed
//   js/NAME-HASH.js  what main.js loads by import(), each with what it alone needs
//
// All of it small, each beside its packed forms (.gz, .br), scripts beside a map to their readable source. VERSION is what pages
// put behind main.js, so that both ask for it by one address: as two it would run twice.
// The same input makes the same bytes.

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build, transform } from "esbuild";
import { PurgeCSS } from "purgecss";
import { rollup } from "rollup";

const OUT = "static/vendor";
const LATER = "static/css/later";
const ENTRIES = ["static/js/main.js", "static/js/emoji_frame.js"];
const TARGET = ["chrome111", "firefox115", "safari16.4"];

// What messages may be made of, though no template says so.
const ELEMENTS =
    "blockquote br code del dd dl dt em figure h1 h2 h3 h4 h5 h6 hr img kbd li mark ol p pre s small strong sub sup table tbody td th thead tr u ul";

function put(path, bytes) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, bytes);
    renameSync(`${path}.new`, path);
}

// With what web servers give to whoever takes it packed (conf/).
function putPacked(path, text) {
    const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY };
    put(`${path}.gz`, gzipSync(text, { level: constants.Z_BEST_COMPRESSION }));
    put(`${path}.br`, brotliCompressSync(text, { params }));
    put(path, text);
}

// Rules whose classes occur as a word in some template or script; the rest of Bootstrap stays away.
async function bootstrapInUse() {
    const [{ css }] = await new PurgeCSS().purge({
        css: [`${OUT}/bootstrap/bootstrap.min.css`],
        content: ["templates/*.mustache", "static/js/**/*.js", { raw: ELEMENTS, extension: "html" }],
        keyframes: true,
    });
    return css;
}

async function style(entry, before = "") {
    const { outputFiles } = await build({ entryPoints: [entry], bundle: true, minify: true, target: TARGET, write: false });
    return before + outputFiles[0].text;
}

async function styles() {
    const { code } = await transform(await bootstrapInUse(), { loader: "css", minify: true, target: TARGET });
    putPacked(`${OUT}/chat.css`, await style("static/css/chat.css", code));
    const later = existsSync(LATER) ? readdirSync(LATER) : [];
    for (const name of later) {
        putPacked(`${OUT}/css/${name}`, await style(`${LATER}/${name}`));
    }
}

const smaller = (version) => ({
    name: "smaller",
    async renderChunk(code, chunk) {
        const out = await transform(code, { minify: true, format: "esm", target: TARGET, sourcemap: "external", sourcefile: chunk.fileName });
        return { code: out.code.replaceAll('"./main.js"', `"./main.js?v=${version}"`), map: out.map };
    },
});

async function scripts(version) {
    const bundle = await rollup({ input: ENTRIES, preserveEntrySignatures: "allow-extension", plugins: [smaller(version)] });
    const { output } = await bundle.generate({
        dir: `${OUT}/js`,
        format: "es",
        entryFileNames: "[name].js",
        chunkFileNames: "[name]-[hash].js",
        sourcemap: true,
        sourcemapExcludeSources: true,
    });
    for (const { fileName, code, source } of output) {
        code === undefined ? put(`${OUT}/js/${fileName}`, source) : putPacked(`${OUT}/js/${fileName}`, code);
    }
    const made = new Set(output.map((file) => file.fileName));
    for (const old of readdirSync(`${OUT}/js`).filter((name) => !made.has(name.replace(/\.(gz|br)$/, "")))) {
        rmSync(`${OUT}/js/${old}`);
    }
}

const [version] = process.argv.slice(2);
if (!version) {
    console.error(`usage: node scripts/${basename(process.argv[1])} VERSION`);
    process.exit(2);
}
putPacked(`${OUT}/emoji/data.json`, readFileSync(`${OUT}/emoji/data.json`));
await styles();
await scripts(version);
