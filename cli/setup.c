/*
 * `outcry setup --shared-host DIR`: puts the chat into a site of which one has nothing but a home
 * directory and the folder that the web server shows. Running it again is safe, and brings what a
 * new version has; --remove takes it out.
 */
#include "cli/setup.h"

#include "cli/commands.h"
#include "cli/doctor.h"

#include <errno.h>
#include <libgen.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Behind the private folder's path come the sockets' names, and the kernel takes 107 bytes. */
enum { TEXT_MAX = 1 << 16, DATA_PATH_MAX = 90 };

bool setup_failed(const char *fmt, ...)
{
    va_list ap;

    fputs("outcry: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    return false;
}

/* ----- what was asked for ----- */

static bool find_dir(struct setup *s, const char *given)
{
    char *real = realpath(given, NULL);
    struct stat st;

    if (!real || stat(real, &st) != 0 || !S_ISDIR(st.st_mode)) {
        free(real);
        return setup_failed("There is no folder %s: name the one that the web server shows.",
                            given);
    }
    s->dir = arena_str(&s->a, real);
    free(real);
    if (access(s->dir, W_OK) != 0)
        return setup_failed("You may not write in %s.", s->dir);
    s->ours = arena_fmt(&s->a, "%s/%s", s->dir, s->folder);
    return true;
}

/* The private folder: not below what the web server shows. */
static bool find_data(struct setup *s, const char *given)
{
    const struct passwd *me = getpwuid(getuid());
    const char *home = getenv("HOME");
    char *copy, *parent;
    struct stat st;

    if (!home)
        home = me && me->pw_dir ? me->pw_dir : "";
    if (!given && !*home)
        return setup_failed("There is no home directory: name a private folder with --data.");
    copy = xstrdup(given ? given : arena_fmt(&s->a, "%s/outcry-data", home));
    parent = arena_str(&s->a, copy);
    parent = realpath(dirname(parent), NULL);
    if (parent)
        s->data = arena_fmt(&s->a, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, basename(copy));
    free(copy);
    if (!parent)
        return setup_failed("The folder that --data lies in does not exist.");
    free(parent);
    if (strncmp(s->data, s->dir, strlen(s->dir)) == 0 &&
        (s->data[strlen(s->dir)] == '/' || !s->data[strlen(s->dir)]))
        return setup_failed(
            "%s lies in %s, where the web server shows it to everybody. Name another "
            "with --data.",
            s->data, s->dir);
    if (strlen(s->data) > DATA_PATH_MAX)
        return setup_failed("%s is too long for the sockets in it: name a folder of at most %d "
                            "bytes with --data.",
                            s->data, DATA_PATH_MAX);
    if (stat(s->data, &st) == 0 && (st.st_mode & 0077))
        return setup_failed("%s is open to others. Mend: chmod 700 %s", s->data, s->data);
    s->conf = arena_fmt(&s->a, "%s/outcry.conf", s->data);
    return true;
}

/* The first of `places`, relative to the folder of this program, that has `file`. */
static char *find_beside(struct setup *s, const char *here, const char *const *places,
                         const char *file)
{
    for (size_t i = 0; places[i]; i++) {
        char *dir = realpath(arena_fmt(&s->a, "%s/%s", here, places[i]), NULL);
        bool is = dir && access(arena_fmt(&s->a, "%s/%s", dir, file), R_OK) == 0;
        char *found = is ? arena_str(&s->a, dir) : NULL;

        free(dir);
        if (found)
            return found;
    }
    return NULL;
}

static bool find_program_files(struct setup *s, const char *argv0)
{
    static const char *const for_programs[] = {".", "../lib/outcry", NULL};
    static const char *const for_statics[] = {"../static", "../share/outcry/static", NULL};
    char self[4096];
    ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
    const char *here;

    self[len > 0 ? len : 0] = '\0';
    here = dirname(strchr(argv0, '/') ? arena_str(&s->a, argv0) : self);
    s->programs = find_beside(s, here, for_programs, "chat.fcgi");
    s->statics = find_beside(s, here, for_statics, "vendor/chat.css");
    if (!s->programs)
        return setup_failed("There is no chat.fcgi beside this program, %s.", argv0);
    if (!s->statics)
        return setup_failed("There is no folder static/ with static/vendor near this program, %s.",
                            argv0);
    return true;
}

/* Without an address, DIR is taken for the top of the site. */
static bool find_url(struct setup *s, const struct args *args)
{
    const char *given = args_value(args, "url");
    char *path;
    size_t len;

    s->base = arena_str(&s->a, "/");
    s->has_url = given != NULL;
    s->look = given && !args_value(args, "no-look");
    if (!given)
        return true;
    if (!probe_url(&s->a, given, &s->url))
        return setup_failed("--url is http[s]://HOST[:PORT]/PATH, not '%s'.", given);
    path = s->url.path;
    path[strcspn(path, "?#")] = '\0';
    len = strlen(path);
    s->base = len && path[len - 1] == '/' ? path : arena_fmt(&s->a, "%s/", path);
    return true;
}

static bool read_request(struct setup *s, const struct args *args)
{
    const char *folder = args_value(args, "folder");

    s->folder = arena_str(&s->a, folder ? folder : "chat");
    if (getuid() == 0)
        return setup_failed("Run this as the user whose site it is, not as root.");
    if (strchr(s->folder, '/') || s->folder[0] == '.' ||
        !htaccess_is_plain(arena_fmt(&s->a, "/%s", s->folder)))
        return setup_failed("--folder is a plain name, not '%s'.", s->folder);
    return find_dir(s, args_value(args, "shared-host")) && find_data(s, args_value(args, "data")) &&
           find_url(s, args);
}

/* ----- putting it in ----- */

static bool is_ours(struct setup *s)
{
    const char *text = setup_read(s, arena_fmt(&s->a, "%s/.htaccess", s->ours));

    return text && htaccess_has_block(text);
}

static bool judge_places(struct setup *s)
{
    const char *const paths[] = {s->dir, s->data, s->programs, s->base};
    struct stat st;

    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        if (!htaccess_is_plain(paths[i]))
            return setup_failed("A web server's configuration cannot hold the path %s: give it one "
                                "without blanks and special characters.",
                                paths[i]);
    }
    if (lstat(s->ours, &st) == 0 && !is_ours(s))
        return setup_failed("%s is there already, and is not ours. Name another with --folder.",
                            s->ours);
    return true;
}

/* The configuration with its secrets, the databases and the rooms, as `outcry init` makes them. */
static bool make_data(struct setup *s, const struct args *args)
{
    const char *guests = args_value(args, "guests");
    char *words[] = {arena_str(&s->a, "--quiet"), arena_fmt(&s->a, "--config=%s", s->conf),
                     arena_fmt(&s->a, "--guests=%s", guests ? guests : "off")};
    struct args init = {.program = args->program};

    return args_parse(&init, &init_command, ARRAY_LEN(words), words) &&
           init_command.run(&init) == EXIT_DONE;
}

static bool write_htaccess(struct setup *s, const char *ws_socket)
{
    struct host_urls urls = {.base = s->base, .folder = s->folder, .ws_socket = ws_socket};
    struct buf b;
    bool ok;

    buf_init(&b, TEXT_MAX);
    htaccess_programs(&b, &s->means);
    ok = setup_write(s, arena_fmt(&s->a, "%s/.htaccess", s->ours), buf_cstr(&b), 0644);
    buf_clear(&b);
    htaccess_site(&b, &s->means, &urls);
    ok = ok && setup_splice(s, arena_fmt(&s->a, "%s/.htaccess", s->dir), buf_cstr(&b), true);
    buf_release(&b);
    return ok;
}

static bool make_folder(const char *dir)
{
    if ((mkdir(dir, 0755) == 0 && chmod(dir, 0755) == 0) || errno == EEXIST)
        return true;
    return setup_failed("Cannot make %s: %s.", dir, strerror(errno));
}

/* Our folder first: the site's own file, last, names nothing that is not there. */
static bool write_site(struct setup *s)
{
    const char *statics = arena_fmt(&s->a, "%s/static", s->ours);
    struct conf conf;
    struct fail f = {0};
    bool ok;

    if (conf_load(&conf, s->conf, &f))
        return setup_failed("%s", f.message);
    ok = make_folder(s->ours) && setup_copy_static(s, statics) &&
         (!*s->means.for_static ||
          setup_write(s, arena_fmt(&s->a, "%s/.htaccess", statics), s->means.for_static, 0644)) &&
         setup_write_wrappers(s, s->ours, s->conf) && write_htaccess(s, conf.ws_socket);
    conf_release(&conf);
    return ok;
}

/* ----- taking it out ----- */

static bool remove_ours(struct setup *s)
{
    const char *own = arena_fmt(&s->a, "%s/static/site", s->ours);
    const char *kept = arena_fmt(&s->a, "%s/%s-site", s->dir, s->folder);
    bool had_own = false;

    if (!setup_splice(s, arena_fmt(&s->a, "%s/.htaccess", s->dir), "", true))
        return false;
    if (!is_ours(s)) {
        printf("There is no chat of ours in %s.\n", s->ours);
        return true;
    }
    if (rmdir(own) != 0 && errno == ENOTEMPTY) {
        had_own = true;
        if (rename(own, kept) != 0)
            return setup_failed("Cannot keep %s: %s.", own, strerror(errno));
    }
    if (!setup_remove_trials(s) || !setup_remove(s, s->ours))
        return false;
    printf("The chat is out of %s. What was said, and the secrets, are still in %s.\n", s->dir,
           s->data);
    if (had_own)
        printf("Your own style sheet is in %s now.\n", kept);
    return true;
}

/* ----- what was found, said ----- */

static const char *way_to_run(const struct host_means *m)
{
    if (strstr(m->run, "IfModule"))
        return "FastCGI or CGI, whichever the host has";
    if (strstr(m->run, "fcgid"))
        return "FastCGI (mod_fcgid)";
    return "CGI, a process for each request";
}

static void say_what_was_found(const struct setup *s)
{
    const struct host_means *m = &s->means;

    if (!s->look)
        puts("Nobody was asked what this host allows: with --url, and without --no-look, more may "
             "be possible.");
    printf("programs:       %s\n", way_to_run(m));
    printf("addresses:      %s\n",
           m->rewrite ? "rewritten (mod_rewrite)"
                      : "those of the programs: mod_rewrite cannot be used, or was not looked for");
    printf("messages come:  %s\n",
           m->proxy_upgrade
               ? "at once, over WebSockets: the sidecar is started when somebody needs it"
               : "by polling: the web server may not hand WebSockets to a program of yours");
    if (s->look)
        printf("login tokens:   %s\n",
               m->authorization ? "the Authorization header is handed on"
                                : "only in cookies: the host keeps the Authorization header");
    printf("private folder: %s (outcry.conf: your site's login; docs/configuration.md)\n", s->data);
}

/* Through the web server, as a browser meets it. */
static bool check(struct setup *s, const struct args *args)
{
    const char *url = arena_fmt(&s->a, "%s%s/", s->url.origin, setup_page_path(s));
    const char *words[] = {arena_fmt(&s->a, "--config=%s", s->conf),
                           arena_fmt(&s->a, "--url=%s", url)};
    struct args doctor = {.program = args->program};
    struct site site;
    struct doctor d = {.site = &site, .no_authorization = !s->means.authorization};

    if (!args_parse(&doctor, &doctor_command, ARRAY_LEN(words), (char **)(uintptr_t)words) ||
        !site_load(&site, &doctor))
        return false;
    buf_init(&d.out, TEXT_MAX);
    doctor_check_live(&d, url);
    fputs(buf_cstr(&d.out), stdout);
    buf_release(&d.out);
    site_close(&site);
    return d.failures == 0;
}

/* Whether the site itself still answers; else our part of its file is taken back. */
static bool site_is_well(struct setup *s, int before)
{
    int now = setup_status(s, s->base);

    if (now < 500 || now == before)
        return true;
    if (!setup_splice(s, arena_fmt(&s->a, "%s/.htaccess", s->dir), "", true))
        return false;
    return setup_failed(
        "With our lines in %s/.htaccess the site answered %d (before: %d). They were "
        "taken out again. The web server's error log says which of them it was.",
        s->dir, now, before);
}

static bool put_in(struct setup *s, const struct args *args)
{
    int before = 0;
    bool ok;

    if (!find_program_files(s, args->program) || !judge_places(s) || !setup_yield_to_operator(s) ||
        !make_data(s, args))
        return false;
    if (s->look) {
        before = setup_status(s, s->base);
        if (!setup_look_at_host(s))
            return false;
    } else {
        setup_assume_host(s);
    }
    if (!setup_write_conf(s) || !write_site(s) || (s->look && !site_is_well(s, before)))
        return false;
    say_what_was_found(s);
    ok = !s->look || check(s, args);
    printf("%s %s%s/\n", ok ? "Open" : "Not yet well:", s->has_url ? s->url.origin : "",
           setup_page_path(s));
    return ok;
}

static int run(const struct args *args)
{
    struct setup s = {0};
    bool ok;

    if (args->word_count || !args_value(args, "shared-host"))
        return args_misused(args, "setup needs --shared-host DIR.");
    arena_init(&s.a);
    ok =
        read_request(&s, args) && (args_value(args, "remove") ? remove_ours(&s) : put_in(&s, args));
    arena_release(&s.a);
    return ok ? EXIT_DONE : EXIT_FAILED;
}

const struct command setup_command = {
    .name = "setup",
    .words = "",
    .summary = "Puts the chat into a site on a shared host, or takes it out.",
    .help =
        "DIR is the folder that the web server shows: ~/public_html, or one below it that has an\n"
        "address of its own. Into it go a folder with programs and static files, and some lines\n"
        "in its .htaccess file, between others that stay as they are. Everything else is private,\n"
        "in ~/outcry-data. With --url the web server is asked first what it allows, so that no\n"
        "line is written that would break the site. Run it again after an upgrade or a change of\n"
        "the host.",
    .options =
        {
            {"shared-host", "DIR", "the folder that the web server shows (required)"},
            {"url", "URL", "the address of DIR: https://example.com/"},
            {"data", "DIR", "the private folder (~/outcry-data)"},
            {"folder", "NAME", "of our folder in DIR (chat)"},
            {"guests", "WHO", "off (default), read or write, in a new configuration"},
            {"no-look", NULL, "do not ask the web server at URL for anything"},
            {"remove", NULL, "take the chat out of DIR again; what was said stays"},
        },
    .run = run,
};
