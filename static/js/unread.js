// How much is unread in one room: the server's count as of one event of its log, and the messages that
// came since. So whichever comes first, count or event, nothing is counted twice or forgotten.

const MOST = 100; // as far as the server counts
const KEPT = 1000;

export class Unread {
    // as of the event `head`
    constructor(head = 0, unread = 0, lastRead = 0) {
        Object.assign(this, { head, unread, lastRead });
        this.since = []; // seqs of messages by others, behind head
        this.taken = []; // [event, message]: those that were removed again
    }

    get count() {
        return this.unread + this.since.length;
    }

    // Only where somebody read before can there be unread messages.
    add(seq) {
        if (this.lastRead > 0 && seq > this.head && seq > this.lastRead) {
            this.since.push(seq);
            if (this.since.length > KEPT) {
                this.head = seq;
                this.unread = MOST;
                this.since = [];
            }
        }
    }

    // The event `seq` took away a message that may have been counted.
    remove(seq, message) {
        if (seq > this.head) {
            this.taken.push([seq, message]);
            this.since = this.since.filter((one) => one !== message);
            this.#uncount(message);
        }
    }

    #uncount(message) {
        if (message <= this.head && message > this.lastRead && this.unread > 0 && this.unread < MOST) {
            this.unread--;
        }
    }

    // The server's count. What is older than this page's own mark says nothing. False: it is of a time that
    // this page is past, so the true count must be asked for.
    set(head, unread, lastRead) {
        if (lastRead < this.lastRead || lastRead === 0) {
            return true;
        }
        if (head < this.head) {
            return lastRead === this.lastRead;
        }
        this.lastRead = lastRead;
        const behind = ([seq]) => seq > head;
        this.since = this.since.filter((seq) => seq > head && seq > lastRead);
        this.taken = this.taken.filter(behind);
        this.head = head;
        this.unread = unread;
        this.taken.forEach(([, message]) => this.#uncount(message));
        return true;
    }

    // Read up to there, here or in another tab.
    read(seq) {
        if (seq < this.lastRead) {
            return;
        }
        this.lastRead = seq;
        this.since = this.since.filter((one) => one > seq);
        if (seq >= this.head) {
            this.unread = 0;
        }
    }
}
