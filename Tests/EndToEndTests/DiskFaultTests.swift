import Foundation
import Kernel
import KernelTesting
import Testing

/// A disk that fails once, under a real SQLite.
@Suite struct DiskFaultTests {
    /// Replaces the call by which SQLite syncs: it fails once whenever the named file is there.
    private static let source = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <stdlib.h>
        #include <unistd.h>

        static int sync_once(const char *name, int file) {
            const char *mark = getenv("FAIL_SYNC_MARK");
            if (mark && unlink(mark) == 0) { errno = EIO; return -1; }
            int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
            return real(file);
        }
        int fsync(int file) { return sync_once("fsync", file); }
        int fdatasync(int file) { return sync_once("fdatasync", file); }
        """

    private static func library(in folder: URL) async throws -> String {
        let source = folder.appending(path: "sync.c"), library = folder.appending(path: "sync.so")
        try Data(Self.source.utf8).write(to: source)
        _ = try await Program.run("/usr/bin/env", ["clang", "-shared", "-fPIC", "-o", library.path, source.path, "-ldl"])
        return library.path
    }

    @Test func `a commit that could not be synced is told as unknown, and a repeat under the same key is done once`() async throws {
        try await Installation.with(.sqlite) { installation in
            let mark = installation.folder.appending(path: "fail-sync")
            try await installation.killAndRestart([
                "LD_PRELOAD": try await Self.library(in: installation.folder), "FAIL_SYNC_MARK": mark.path,
            ])
            let partner = try await Partner(installation), lock = try await partner.lock().number
            func add(_ key: String) async throws -> Reply {
                try await partner.call("POST", "/locks/\(lock)/AddKey", ["keyUuid": .string(key)], headers: [("Idempotency-Key", key)])
            }
            var keys: [String] = [], unknown: Reply?
            // Something else may commit first and meet the failure.
            while unknown == nil, keys.count < 200 {
                keys.append("key-\(keys.count)")
                try Data().write(to: mark)
                let reply = try await add(keys[keys.count - 1])
                if reply.body["error"] == "OutcomeUnknown" { unknown = reply }
            }
            #expect(unknown?.status == 503)
            try? FileManager.default.removeItem(at: mark)
            for key in keys { #expect(try await add(key).status == 200, "\(key)") }
            try await installation.killAndRestart()
            let stored = try await partner.history(lock).compactMap { $0["event"]?["keyUuid"]?.text }
            #expect(stored.sorted() == keys.sorted())
            #expect(try await installation.spkey("verify") == "The event log is sound.")
        }
    }
}
