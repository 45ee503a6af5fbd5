// Not to hear somebody any more. What of theirs is shown goes when the server says so, in every tab and
// on every device; the account's page takes it back.

import { confirmDialog } from "./dialog.js";
import { toast } from "./toast.js";

// True where it was done.
export async function ignore(api, id, name) {
    if (!(await confirmDialog(`Ignore ${name}? Nothing that they write will reach you, in any room. They are not told.`, "Ignore"))) {
        return false;
    }
    try {
        await api.put(`me/ignored/${id}/`);
        toast(`You ignore ${name}. Your account has the list.`);
        return true;
    } catch (error) {
        toast(error.message);
        return false;
    }
}
