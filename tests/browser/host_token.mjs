// Tokens as the host site would issue them.

import { createHmac } from "node:crypto";

const b64 = (value) => Buffer.from(value).toString("base64url");

export function sign(secret, user, name, seconds) {
    const now = Math.floor(Date.now() / 1000);
    const claims = { token_type: "access", user_id: user, username: name, iat: now, exp: now + seconds, jti: String(Math.random()) };
    const head = `${b64('{"alg":"HS256","typ":"JWT"}')}.${b64(JSON.stringify(claims))}`;
    return `${head}.${createHmac("sha256", secret).update(head).digest("base64url")}`;
}
