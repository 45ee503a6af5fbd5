// A proxy between a browser and the chat, as companies and hotels have them: it hands everything on,
// except that each way to the sidecar can be blocked in one of the manners that are met.

import http from "node:http";
import net from "node:net";

const WAYS = { "/ws/chat/stream/": "stream", "/ws/chat/poll/": "longpoll" };

// pass; refuse: 403 in a page of its own; absent: 404; swallow: no answer ever; cut: the connection is
// closed; hold: what flows is collected until its end
export class BlockingProxy {
    static async start(target) {
        const proxy = new BlockingProxy(Number(new URL(target).port));
        await new Promise((resolve) => proxy.server.listen(0, "127.0.0.1", resolve));
        proxy.origin = `http://127.0.0.1:${proxy.server.address().port}`;
        return proxy;
    }

    constructor(port) {
        this.port = port;
        this.rules = { socket: "pass", stream: "pass", longpoll: "pass" };
        this.tried = { socket: 0, stream: 0, longpoll: 0 };
        this.open = new Map(); // client's socket → the way that it is used for, or "plain", or "blocked"
        this.server = http.createServer((request, response) => this.#request(request, response));
        this.server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head));
        this.server.on("connection", (socket) => {
            this.open.set(socket, "plain");
            socket.on("error", () => {});
            socket.on("close", () => this.open.delete(socket));
        });
    }

    // {socket, stream, longpoll}; what is not named stays. What is open by a way that is blocked, or
    // was, ends.
    set(rules) {
        Object.assign(this.rules, rules);
        for (const [socket, way] of this.open) {
            if (way === "blocked" || (this.rules[way] ?? "pass") !== "pass") {
                socket.destroy();
            }
        }
    }

    // How many connections are open by this way.
    count(way) {
        return [...this.open.values()].filter((used) => used === way).length;
    }

    async stop() {
        this.open.forEach((_, socket) => socket.destroy());
        await new Promise((resolve) => this.server.close(resolve));
    }

    #request(request, response) {
        const way = WAYS[request.url.split("?")[0]];
        const rule = this.rules[way] ?? "pass";
        this.open.set(request.socket, rule === "pass" ? (way ?? "plain") : "blocked");
        if (way) {
            this.tried[way]++;
        }
        if (rule === "refuse" || rule === "absent") {
            response.writeHead(rule === "refuse" ? 403 : 404, { "Content-Type": "text/html" }).end("<h1>Blocked</h1>");
        } else if (rule === "cut") {
            request.socket.destroy();
        } else if (rule !== "swallow") {
            this.#forward(request, response, rule);
        }
    }

    #forward(request, response, rule) {
        const { method, url: path, headers } = request;
        const onward = http.request({ host: "127.0.0.1", port: this.port, method, path, headers, agent: false }, (answer) => {
            if (rule === "hold") {
                answer.resume();
                answer.on("end", () => response.destroy());
                return;
            }
            response.writeHead(answer.statusCode, answer.rawHeaders);
            response.flushHeaders();
            answer.pipe(response);
        });
        onward.on("error", () => response.destroy());
        response.on("close", () => onward.destroy());
        request.pipe(onward);
    }

    #upgrade(request, socket, head) {
        const rule = this.rules.socket;
        this.open.set(socket, rule === "pass" ? "socket" : "blocked");
        this.tried.socket++;
        if (rule === "refuse" || rule === "absent") {
            socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        } else if (rule === "cut") {
            socket.destroy();
        } else if (rule === "pass") {
            this.#tunnel(request, socket, head);
        } else {
            socket.resume().on("end", () => socket.destroy()); // swallowed, until the browser gives up
        }
    }

    #tunnel(request, socket, head) {
        const onward = net.connect(this.port, "127.0.0.1", () => {
            const fields = request.rawHeaders.map((text, i) => text + (i % 2 ? "\r\n" : ": ")).join("");
            onward.write(`${request.method} ${request.url} HTTP/1.1\r\n${fields}\r\n`);
            onward.write(head);
            socket.pipe(onward).pipe(socket);
        });
        onward.on("error", () => socket.destroy());
        onward.on("close", () => socket.destroy());
        socket.on("close", () => onward.destroy());
    }
}
