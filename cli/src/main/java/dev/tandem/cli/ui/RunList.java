package dev.tandem.cli.ui;

import dev.tandem.io.FileException;
import dev.tandem.train.RunFolder;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The run folders below a folder, those of {@code tandem compare} too. Symbolic links below it are not followed, so all of them lie inside. */
record RunList(Path root) {
  /** runs/compare-1/run-1 is two below. */
  private static final int DEEP = 3;

  private static final int MOST = 500;

  /** By name, the newest first; of very many the newest. Folders below that cannot be read are passed over. */
  Map<String, RunFolder> find() {
    if (!Files.isDirectory(root)) {
      return Map.of();
    }
    List<Path> folders = new ArrayList<>();
    Path real;
    try {
      // The folder itself may be a link: somebody gave it.
      real = root.toRealPath();
      Files.walkFileTree(
          real, EnumSet.noneOf(FileVisitOption.class), DEEP, new Runs(real, folders));
    } catch (IOException e) {
      throw FileException.of("ui", root, "cannot be read", e);
    }
    Map<String, RunFolder> runs = new LinkedHashMap<>();
    folders.stream()
        .sorted(Comparator.comparing(RunList::written).reversed().thenComparing(path -> path))
        .limit(MOST)
        .forEach(path -> runs.put(name(real, path), new RunFolder(path)));
    return runs;
  }

  /** Gathers the folders that hold a run. */
  private static final class Runs extends SimpleFileVisitor<Path> {
    private final Path root;
    private final List<Path> found;

    private Runs(Path root, List<Path> found) {
      this.root = root;
      this.found = found;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
      add(folder);
      return FileVisitResult.CONTINUE;
    }

    /** Of the deepest level folders come here, too. */
    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      if (attributes.isDirectory()) {
        add(file);
      }
      return FileVisitResult.CONTINUE;
    }

    private void add(Path folder) {
      if (Files.isRegularFile(folder.resolve("run.json"), LinkOption.NOFOLLOW_LINKS)) {
        found.add(folder);
      }
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
      return beside(file, e);
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, IOException e) throws IOException {
      return e == null ? FileVisitResult.CONTINUE : beside(folder, e);
    }

    /** Another's folder, or one that was removed meanwhile, must not hide the others. */
    private FileVisitResult beside(Path file, IOException e) throws IOException {
      if (file.equals(root)) {
        throw e;
      }
      return FileVisitResult.CONTINUE;
    }
  }

  private String name(Path real, Path folder) {
    String name = real.relativize(folder).toString().replace('\\', '/');
    return name.isEmpty() ? String.valueOf(root.toAbsolutePath().normalize().getFileName()) : name;
  }

  /** The config is written when a run begins. */
  private static long written(Path folder) {
    Path config = folder.resolve("config.yaml");
    try {
      return Files.getLastModifiedTime(Files.exists(config) ? config : folder).toMillis();
    } catch (IOException _) {
      return 0; // gone since
    }
  }
}
