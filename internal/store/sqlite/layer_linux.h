// The part of SQLite's interface that layer_linux.c needs. SQLite keeps it as it
// is and adds at the end (https://sqlite.org/c3ref/vfs.html). The driver has
// SQLite's own header, where the compiler does not look for it from here.

typedef long long sqlite3_int64;
typedef struct sqlite3_vfs sqlite3_vfs;
typedef struct sqlite3_file sqlite3_file;
typedef struct sqlite3_io_methods sqlite3_io_methods;

struct sqlite3_file {
	const sqlite3_io_methods *pMethods;
};

struct sqlite3_io_methods {
	int iVersion;
	int (*xClose)(sqlite3_file *);
	int (*xRead)(sqlite3_file *, void *, int, sqlite3_int64);
	int (*xWrite)(sqlite3_file *, const void *, int, sqlite3_int64);
	int (*xTruncate)(sqlite3_file *, sqlite3_int64);
	int (*xSync)(sqlite3_file *, int);
	int (*xFileSize)(sqlite3_file *, sqlite3_int64 *);
	void (*others[6])(void);   // xLock to xDeviceCharacteristics
	void (*later[6])(void);    // version 2: xShmMap to xShmUnmap; version 3: to xUnfetch
};

struct sqlite3_vfs {
	int iVersion;
	int szOsFile;
	int mxPathname;
	sqlite3_vfs *pNext;
	const char *zName;
	void *pAppData;
	int (*xOpen)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);
	void (*others[11])(void);  // xDelete to xGetLastError
	void (*later[4])(void);    // version 2: xCurrentTimeInt64; version 3: to xNextSystemCall
};

// Weak, because they are there only once this package is linked with the
// driver, and cgo tries to link it before.
__attribute__((weak)) sqlite3_vfs *sqlite3_vfs_find(const char *name);
__attribute__((weak)) int sqlite3_vfs_register(sqlite3_vfs *vfs, int isDefault);

enum {
	SQLITE_OK = 0,
	SQLITE_ERROR = 1,
	SQLITE_IOERR_READ = 10 | 1 << 8,
	SQLITE_IOERR_FSYNC = 10 | 4 << 8,
	SQLITE_IOERR_NOMEM = 10 | 12 << 8,
	SQLITE_IOERR_CORRUPTFS = 10 | 33 << 8,
	SQLITE_OPEN_WAL = 0x00080000,
};

// registerLayer adds the layer "gsp" to SQLite. To be called once.
int registerLayer(void);
