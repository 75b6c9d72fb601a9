package dev.tandem.containers;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The portable bundle that this build made: the build names it, so that none of another day or profile is taken for it.
 *
 * @param archive its file
 */
record Bundle(Path archive) {
  private static final String SUFFIX = ".tar.gz";
  private static final String OWN = "tandem-";

  private static final Optional<Path> NAMED =
      Optional.ofNullable(System.getProperty("tandem.bundle")).map(Path::of).map(Path::normalize);
  private static final Optional<String> ABSENT = absent(NAMED, project());

  /** Where the tests lie in the project, from the folder that they run in. */
  static Path project() {
    Path folder = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(folder.resolve("bundle/src"))) {
      folder = folder.getParent();
      if (folder == null) {
        throw new IllegalStateException("no project above " + Path.of("").toAbsolutePath());
      }
    }
    return folder;
  }

  /** The bundle, where there is one. */
  static Optional<Bundle> find() {
    return ABSENT.isPresent() ? Optional.empty() : NAMED.map(Bundle::new);
  }

  /** Why there is none; empty where there is. */
  static Optional<String> absent() {
    return ABSENT;
  }

  /** Why an archive that a build names, if it names one, is not to be tested. */
  static Optional<String> absent(Optional<Path> named, Path project) {
    if (named.isEmpty()) {
      return Optional.of("there is no bundle to start in them; build with -P bundle");
    }
    Bundle bundle = new Bundle(named.get());
    if (!Files.isRegularFile(bundle.archive) || !Files.isDirectory(bundle.lib())) {
      return Optional.of(
          "the bundle " + bundle.archive + " was not packed; run verify with -P bundle");
    }
    return bundle
        .newerThanIt(project)
        .map(file ->
            "the bundle "
                + bundle.archive
                + " is older than "
                + file
                + "; run verify with -P bundle, which packs it again");
  }

  /** A class or resource of the modules in it that was made after it: of a build that ended before the bundle was packed. */
  private Optional<Path> newerThanIt(Path project) {
    try {
      FileTime packed = Files.getLastModifiedTime(archive);
      for (Path jar : jars()) {
        Path classes = project.resolve(module(jar)).resolve("target/classes");
        if (!own(jar) || !Files.isDirectory(classes)) {
          continue;
        }
        try (Stream<Path> files = Files.walk(classes)) {
          for (Path file : files.filter(Files::isRegularFile).toList()) {
            if (Files.getLastModifiedTime(file).compareTo(packed) > 0) {
              return Optional.of(file);
            }
          }
        }
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The name of the one folder in the archive. */
  String name() {
    String file = archive.getFileName().toString();
    return file.substring(0, file.length() - SUFFIX.length());
  }

  /** The project's version, which is part of the name. */
  String version() {
    return name().substring(OWN.length(), name().indexOf("-linux-"));
  }

  /** The same, unpacked. */
  Path folder() {
    return archive.resolveSibling(name()).resolve(name());
  }

  private Path lib() {
    return folder().resolve("lib");
  }

  /** What is on its class path. */
  List<Path> jars() throws IOException {
    try (Stream<Path> files = Files.list(lib())) {
      return files.filter(file -> file.toString().endsWith(".jar")).sorted().toList();
    }
  }

  /** Whether a jar is one of the project's own modules. */
  static boolean own(Path jar) {
    return jar.getFileName().toString().startsWith(OWN);
  }

  /** A jar's artifact, without its version. */
  static String artifact(Path jar) {
    return jar.getFileName().toString().replaceFirst("-\\d+\\..*", "");
  }

  /** The project's folder that one of its own jars comes from. */
  static Path module(Path jar) {
    return Path.of(artifact(jar).replaceFirst("^" + OWN, ""));
  }
}
