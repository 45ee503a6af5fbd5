// A chat room on Node and `ws`: what somebody says goes to all. node ws-server.mjs PORT
import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

const PING_MS = 25000;
const server = createServer();
const room = new WebSocketServer({ server, perMessageDeflate: false });

room.on('connection', (socket) => {
  socket.on('error', () => socket.terminate());
  socket.on('message', (data) => {
    const message = JSON.parse(data.toString());
    if (message.type !== 'message') return;
    // One buffer for all: `ws` then frames and sends without copying the text.
    const bytes = Buffer.from(JSON.stringify(message));
    for (const reader of room.clients) reader.send(bytes, { binary: false });
  });
});
setInterval(() => room.clients.forEach((reader) => reader.ping()), PING_MS);
server.listen({ host: '127.0.0.1', port: Number(process.argv[2]), backlog: 4096 });
