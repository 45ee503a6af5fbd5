/* The version of all programs: shown by `outcry version`, and in the URLs of static files. */
#ifndef LIB_VERSION_H
#define LIB_VERSION_H

#define OUTCRY_VERSION "0.1.0"

#endif
