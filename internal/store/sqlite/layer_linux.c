// The file layer. It is SQLite's own but for two things.
//
// The write-ahead log: SQLite writes it by two calls a page and syncs it by
// fsync, which takes a commit of a few pages longer than the disk does. Here
// what is written one behind the other waits, and goes to the file by one call
// before it is synced or anything else is done with the file; and fdatasync
// leaves out the time of the last change, which on a file system with a journal
// is a commit of that. Nobody can miss what waits: other connections read of the
// log what the wal-index says is there, and SQLite puts a commit into that once
// it is synced.
//
// A disk that cannot be read: SQLite calls the database malformed, and who
// believes that looks for a copy instead of a disk. Here it is an I/O error.

#include "layer_linux.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// room is how many octets can wait: as many as SQLite's own layer takes at once.
enum { room = 0x1ffff };

// opened stands behind what SQLite's own layer keeps of an open file.
typedef struct {
	const sqlite3_io_methods *inner; // SQLite's own
	sqlite3_io_methods methods;      // what SQLite calls

	// Of the log alone.
	const char *name;
	int fd;           // for fdatasync, -1 until the first sync; there are no locks on the log that its end could end
	sqlite3_int64 at; // where the octets that wait begin
	int n;            // how many wait
	char *octets;     // room for them, 0 until the first
} opened;

static sqlite3_vfs *inner, layer;

static opened *openedOf(sqlite3_file *file) {
	return (opened *)((char *)file + inner->szOsFile);
}

static int fileRead(sqlite3_file *file, void *octets, int n, sqlite3_int64 at) {
	int code = openedOf(file)->inner->xRead(file, octets, n, at);
	return code == SQLITE_IOERR_CORRUPTFS ? SQLITE_IOERR_READ : code;
}

// flush writes what waits. After an error nothing waits any more: SQLite takes
// the transaction back.
static int flush(sqlite3_file *file) {
	opened *log = openedOf(file);
	int n = log->n;

	log->n = 0;
	return n == 0 ? SQLITE_OK : log->inner->xWrite(file, log->octets, n, log->at);
}

static int logWrite(sqlite3_file *file, const void *octets, int n, sqlite3_int64 at) {
	opened *log = openedOf(file);

	if (log->octets == 0 && (log->octets = malloc(room)) == 0) {
		return SQLITE_IOERR_NOMEM;
	}
	if (at != log->at + log->n || log->n + n > room) {
		int failed = flush(file);
		if (failed) {
			return failed;
		}
		log->at = at;
	}
	if (n > room) {
		log->at += n;
		return log->inner->xWrite(file, octets, n, at);
	}
	memcpy(log->octets + log->n, octets, n);
	log->n += n;
	return SQLITE_OK;
}

// logSync leaves the first sync to SQLite's own layer, because that syncs the
// folder of a new log as well.
static int logSync(sqlite3_file *file, int flags) {
	opened *log = openedOf(file);
	int failed = flush(file);

	if (failed) {
		return failed;
	}
	if (log->fd >= 0) {
		return fdatasync(log->fd) == 0 ? SQLITE_OK : SQLITE_IOERR_FSYNC;
	}
	failed = log->inner->xSync(file, flags);
	if (!failed) {
		log->fd = open(log->name, O_RDWR | O_CLOEXEC);
	}
	return failed;
}

static int logRead(sqlite3_file *file, void *octets, int n, sqlite3_int64 at) {
	int failed = flush(file);
	return failed ? failed : fileRead(file, octets, n, at);
}

static int logTruncate(sqlite3_file *file, sqlite3_int64 size) {
	int failed = flush(file);
	return failed ? failed : openedOf(file)->inner->xTruncate(file, size);
}

static int logFileSize(sqlite3_file *file, sqlite3_int64 *size) {
	int failed = flush(file);
	return failed ? failed : openedOf(file)->inner->xFileSize(file, size);
}

static int logClose(sqlite3_file *file) {
	opened *log = openedOf(file);
	int failed = flush(file), unclosed = log->inner->xClose(file);

	if (log->fd >= 0) {
		close(log->fd);
	}
	free(log->octets);
	return failed ? failed : unclosed;
}

static int openFile(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *got) {
	opened *o = openedOf(file);
	int failed = inner->xOpen(inner, name, file, flags, got);

	(void)vfs;
	if (failed) {
		return failed;
	}
	memset(o, 0, sizeof *o);
	o->inner = file->pMethods;
	o->methods = *o->inner;
	o->methods.xRead = fileRead;
	if (flags & SQLITE_OPEN_WAL) {
		o->name = name; // SQLite keeps it until it closes the file
		o->fd = -1;
		o->methods.xClose = logClose;
		o->methods.xRead = logRead;
		o->methods.xWrite = logWrite;
		o->methods.xTruncate = logTruncate;
		o->methods.xSync = logSync;
		o->methods.xFileSize = logFileSize;
	}
	if (o->methods.iVersion > 3) {
		o->methods.iVersion = 3;
	}
	file->pMethods = &o->methods;
	return SQLITE_OK;
}

int registerLayer(void) {
	if (sqlite3_vfs_find == 0 || (inner = sqlite3_vfs_find(0)) == 0) {
		return SQLITE_ERROR;
	}
	layer = *inner;
	if (layer.iVersion > 3) {
		layer.iVersion = 3;
	}
	layer.zName = "gsp";
	layer.szOsFile += sizeof(opened);
	layer.xOpen = openFile;
	return sqlite3_vfs_register(&layer, 0);
}
