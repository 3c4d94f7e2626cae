// The file layer of the connection that writes. It is SQLite's own but for the
// write-ahead log: SQLite writes that by two calls a page and syncs it by fsync,
// which takes a commit of a few pages longer than the disk does. Here what is
// written one behind the other waits, and goes to the file by one call before
// it is synced or anything else is done with the file; and fdatasync leaves out
// the time of the last change, which on a file system with a journal is a
// commit of that.
//
// Nobody can miss what waits. Other connections read of the log what the
// wal-index says is there, and SQLite puts a commit into that once it is synced.

#include "log_linux.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// room is how many octets can wait: as many as SQLite's own layer takes at once.
enum { room = 0x1ffff };

// logFile stands behind what SQLite's own layer keeps of an open file.
typedef struct {
	const sqlite3_io_methods *inner; // SQLite's own
	sqlite3_io_methods methods;      // what SQLite calls
	int fd;                          // of the same file; there are no locks on it that a close could end
	int named;                       // whether its folder has been synced, which SQLite's own layer does first
	sqlite3_int64 at;                // where in the file the octets that wait begin
	int n;                           // how many wait
	char *octets;                    // room for them, 0 until the first
} logFile;

static sqlite3_vfs *inner, layer;

static logFile *logOf(sqlite3_file *file) {
	return (logFile *)((char *)file + inner->szOsFile);
}

// flush writes what waits. After an error nothing waits any more: SQLite takes
// the transaction back.
static int flush(sqlite3_file *file) {
	logFile *log = logOf(file);
	int n = log->n;

	log->n = 0;
	return n == 0 ? SQLITE_OK : log->inner->xWrite(file, log->octets, n, log->at);
}

static int logWrite(sqlite3_file *file, const void *octets, int n, sqlite3_int64 at) {
	logFile *log = logOf(file);

	if (log->octets == 0 && (log->octets = malloc(room)) == 0) {
		return SQLITE_NOMEM;
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

static int logSync(sqlite3_file *file, int flags) {
	logFile *log = logOf(file);
	int failed = flush(file);

	if (failed) {
		return failed;
	}
	if (!log->named) {
		failed = log->inner->xSync(file, flags);
		log->named = !failed;
		return failed;
	}
	return fdatasync(log->fd) == 0 ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

static int logRead(sqlite3_file *file, void *octets, int n, sqlite3_int64 at) {
	int failed = flush(file);
	return failed ? failed : logOf(file)->inner->xRead(file, octets, n, at);
}

static int logTruncate(sqlite3_file *file, sqlite3_int64 size) {
	int failed = flush(file);
	return failed ? failed : logOf(file)->inner->xTruncate(file, size);
}

static int logFileSize(sqlite3_file *file, sqlite3_int64 *size) {
	int failed = flush(file);
	return failed ? failed : logOf(file)->inner->xFileSize(file, size);
}

static int logClose(sqlite3_file *file) {
	logFile *log = logOf(file);
	int failed = flush(file), unclosed = log->inner->xClose(file);

	close(log->fd);
	free(log->octets);
	return failed ? failed : unclosed;
}

static int openFile(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *got) {
	logFile *log = logOf(file);
	int failed = inner->xOpen(inner, name, file, flags, got);

	(void)vfs;
	if (failed || !(flags & SQLITE_OPEN_WAL)) {
		return failed;
	}
	memset(log, 0, sizeof *log);
	log->inner = file->pMethods;
	if ((log->fd = open(name, O_RDWR | O_CLOEXEC)) < 0) {
		log->inner->xClose(file);
		file->pMethods = 0;
		return SQLITE_CANTOPEN;
	}
	log->methods = *log->inner;
	if (log->methods.iVersion > 3) {
		log->methods.iVersion = 3;
	}
	log->methods.xClose = logClose;
	log->methods.xRead = logRead;
	log->methods.xWrite = logWrite;
	log->methods.xTruncate = logTruncate;
	log->methods.xSync = logSync;
	log->methods.xFileSize = logFileSize;
	file->pMethods = &log->methods;
	return SQLITE_OK;
}

int registerLog(void) {
	if (sqlite3_vfs_find == 0 || (inner = sqlite3_vfs_find(0)) == 0) {
		return SQLITE_ERROR;
	}
	layer = *inner;
	if (layer.iVersion > 3) {
		layer.iVersion = 3;
	}
	layer.zName = "gsp";
	layer.szOsFile += sizeof(logFile);
	layer.xOpen = openFile;
	return sqlite3_vfs_register(&layer, 0);
}
