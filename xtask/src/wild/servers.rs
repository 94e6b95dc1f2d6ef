//! The servers: what they are, and how they are started.

/// Where a package comes from.
#[derive(Debug, Clone, Copy)]
pub enum Package {
    /// A package of npm; its files are below `node_modules`.
    Npm(&'static str),
    /// An artifact of a Maven repository, `group:artifact`, with `:jar` or another type; its file has no version in its name.
    Maven(&'static str),
    /// The same, unpacked.
    MavenArchive(&'static str),
    /// A package of Python, in an environment of its own: its programs are in `bin`.
    Pip(&'static str),
    /// The program of a Go package in a module.
    Go {
        /// The module.
        module: &'static str,
        /// The package in it; empty where it is the module's own.
        package: &'static str,
    },
}

/// Where the document of a server is.
#[derive(Debug, Clone, Copy)]
pub enum DocumentSource {
    /// The server serves it at this path.
    Served(&'static str),
    /// A file of the package or, where it is built, of its sources.
    File(&'static str),
    /// A file in an archive of the package.
    Packed {
        /// The archive.
        archive: &'static str,
        /// The file in it.
        file: &'static str,
    },
    /// A file of this repository, for servers that take any document.
    Own(&'static str),
}

/// A server of somebody else.
#[derive(Debug, Clone, Copy)]
pub struct Server {
    /// What it is called here.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Where it comes from.
    pub package: Package,
    /// The program and its arguments; `{package}` is the folder of the package, `{port}` and `{document}` are what they are called.
    pub command: &'static [&'static str],
    /// Variables of its environment, with the same placeholders.
    pub environment: &'static [(&'static str, &'static str)],
    /// Files that it reads in the folder that it is started in: name and content.
    pub files: &'static [(&'static str, &'static str)],
    /// Its document.
    pub document: DocumentSource,
    /// What the paths of the document are below.
    pub base: &'static str,
    /// Operations that are not called, because they end the server: method and path.
    pub exclude: &'static [(&'static str, &'static str)],
    /// Further flags of the engine.
    pub flags: &'static [&'static str],
}

/// Nothing but a name: the rest of each server says what differs.
const PLAIN: Server = Server {
    name: "",
    version: "",
    package: Package::Npm(""),
    command: &[],
    environment: &[],
    files: &[],
    document: DocumentSource::Served("/openapi.json"),
    base: "",
    exclude: &[],
    flags: &[],
};

/// All of them.
pub const SERVERS: &[Server] = &[
    Server {
        name: "loopback-todo",
        version: "6.0.0",
        package: Package::Npm("@loopback/example-todo"),
        command: &["node", "{package}/node_modules/@loopback/example-todo/dist/index.js"],
        environment: &[("PORT", "{port}"), ("HOST", "127.0.0.1")],
        files: &[("data/db.json", "{}")],
        ..PLAIN
    },
    Server {
        name: "prism",
        version: "5.14.2",
        package: Package::Npm("@stoplight/prism-cli"),
        command: &[
            "node",
            "{package}/node_modules/@stoplight/prism-cli/dist/index.js",
            "mock",
            "--host",
            "127.0.0.1",
            "--port",
            "{port}",
            "{document}",
        ],
        document: DocumentSource::Own("contract-tests/tests/documents/shapes.yaml"),
        ..PLAIN
    },
    Server {
        name: "wiremock",
        version: "3.13.2",
        package: Package::Maven("org.wiremock:wiremock-standalone:jar"),
        command: &["java", "-jar", "{package}/wiremock-standalone.jar", "--bind-address", "127.0.0.1", "--port", "{port}"],
        document: DocumentSource::Packed { archive: "wiremock-standalone.jar", file: "swagger/wiremock-admin-api.json" },
        exclude: &[("POST", "/__admin/shutdown")],
        ..PLAIN
    },
    Server {
        name: "mockserver",
        version: "5.15.0",
        package: Package::Maven("org.mock-server:mockserver-netty:jar:shaded"),
        command: &["java", "-jar", "{package}/mockserver-netty-shaded.jar", "-serverPort", "{port}", "-logLevel", "WARN"],
        document: DocumentSource::Packed {
            archive: "mockserver-netty-shaded.jar",
            file: "org/mockserver/openapi/mock-server-openapi-embedded-model.yaml",
        },
        exclude: &[("PUT", "/mockserver/stop")],
        ..PLAIN
    },
    Server {
        name: "apicurio-registry",
        version: "2.6.13.Final",
        package: Package::MavenArchive("io.apicurio:apicurio-registry-app:tar.gz:all"),
        command: &["java", "-jar", "{package}/apicurio-registry-app-2.6.13.Final-runner.jar"],
        environment: &[("QUARKUS_HTTP_PORT", "{port}"), ("QUARKUS_HTTP_HOST", "127.0.0.1")],
        document: DocumentSource::Served("/api-specifications/registry/v2/openapi.json"),
        base: "/apis/registry/v2",
        // The document asks for tokens; as it is delivered, the server does not.
        flags: &["--token", "none", "--allow", "unauthenticated-accepted"],
        ..PLAIN
    },
    Server {
        name: "alertmanager",
        version: "0.31.1",
        package: Package::Go { module: "github.com/prometheus/alertmanager", package: "/cmd/alertmanager" },
        command: &[
            "{package}/alertmanager",
            "--config.file=alertmanager.yml",
            "--storage.path=data",
            "--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ],
        files: &[("alertmanager.yml", "route: {receiver: none}\nreceivers: [{name: none}]\n")],
        document: DocumentSource::File("api/v2/openapi.yaml"),
        base: "/api/v2",
        ..PLAIN
    },
    Server {
        name: "mailpit",
        version: "1.33.1",
        package: Package::Go { module: "github.com/axllent/mailpit", package: "" },
        command: &["{package}/mailpit", "--listen", "127.0.0.1:{port}", "--smtp", "127.0.0.1:0", "--enable-chaos"],
        document: DocumentSource::File("server/ui/api/v1/swagger.json"),
        ..PLAIN
    },
    Server {
        name: "kinto",
        version: "26.5.0",
        package: Package::Pip("kinto"),
        command: &["{package}/bin/kinto", "start", "--ini", "kinto.ini", "--port", "{port}"],
        files: &[("kinto.ini", KINTO)],
        document: DocumentSource::Served("/v1/__api__"),
        base: "/v1",
        // Any name and password make a user; what is open to everybody needs none.
        flags: &["--basic", "user:password", "--allow", "unauthenticated-accepted"],
        ..PLAIN
    },
    Server {
        name: "httpbin",
        version: "0.10.4",
        // Its document comes with what it needs to be an application of its own.
        package: Package::Pip("httpbin[mainapp]"),
        command: &["{package}/bin/flask", "--app", "httpbin:app", "run", "--port", "{port}"],
        document: DocumentSource::Served("/spec.json"),
        ..PLAIN
    },
];

/// Kinto as `kinto init` sets it up, but that anybody may do anything.
const KINTO: &str = "\
[server:main]
use = egg:waitress#main
host = 127.0.0.1
port = %(http_port)s
[app:main]
use = egg:kinto
kinto.userid_hmac_secret = secret
kinto.storage_backend = kinto.core.storage.memory
kinto.permission_backend = kinto.core.permission.memory
kinto.cache_backend = kinto.core.cache.memory
kinto.bucket_create_principals = system.Everyone
kinto.bucket_write_principals = system.Everyone
multiauth.policies = basicauth
";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_server_has_a_name_of_its_own_and_a_pinned_version() {
        let names: BTreeSet<&str> = SERVERS.iter().map(|server| server.name).collect();
        assert_eq!(names.len(), SERVERS.len());
        for Server { name, version, command, .. } in SERVERS {
            assert!(version.starts_with(|c: char| c.is_ascii_digit()) && !version.contains(['^', '*', '~']), "{name} {version}");
            assert!(!command.is_empty(), "{name} has no command");
        }
    }
}
