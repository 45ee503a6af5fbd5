// Who types, seen and said where there is no socket: by streams, by long-polls, by polls.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { onePerson, Person, until } from "./lib.mjs";

const WAYS = { stream: [], longpoll: ["stream"], poll: ["stream", "poll"] };

describe("typing without a socket", () => {
    let stack;
    let browser;
    let ana;
    let close;

    before(async () => {
        ({ stack, browser, ana, close } = await onePerson({ conf: { rate_address_burst: "5000", rate_session_burst: "500" } }));
    });
    after(() => close?.());

    const line = (person) => person.page.textContent("#typing");

    // Typing goes on until the other sees it: each word of it fades.
    async function isSeen(typist, reader, name) {
        await typist.page.focus("#composer-text");
        await until(
            async () => {
                await typist.page.keyboard.type("a");
                return (await line(reader)) === `${name} is typing…`;
            },
            `${name} types`,
            60,
        );
    }

    for (const [way, blocked] of Object.entries(WAYS)) {
        test(`by ${way}: seen by who has a socket, and the other way round`, async () => {
            const ben = await Person.enter(browser);
            await ben.page.routeWebSocket(/\/ws\/chat\//, (socket) => socket.close({ code: 1012 }));
            for (const path of blocked) {
                await ben.page.route(`**/ws/chat/${path}/**`, (route) => route.fulfill({ status: 404, body: "" }));
            }
            await ben.join(stack.url, `ben-${way}`);
            await isSeen(ben, ana, `ben-${way}`);
            await ben.page.keyboard.press("Enter");
            await until(async () => (await line(ana)) === "", "it is over", 60);
            await isSeen(ana, ben, "ana");
            await ana.page.keyboard.press("Enter");
            await until(async () => (await line(ben)) === "", "it is over", 60);
            assert.deepEqual(ben.faults, []);
            await ben.leave();
        });
    }
});
