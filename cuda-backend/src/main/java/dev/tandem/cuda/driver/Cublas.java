package dev.tandem.cuda.driver;

import dev.tandem.cuda.driver.CublasChoice.Binding;
import dev.tandem.cuda.driver.CublasLibraries.Library;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The way to cuBLAS on this machine: JCublas where it loads, which takes a libcublas.so.12; else the JDK's foreign functions
 * on a libcublas.so.12 or .13. {@link CublasLibraries} tells where they are looked for.
 */
public final class Cublas {
  /** The only major version that JCublas 12's native library is linked with. */
  private static final int JCUBLAS_MAJOR = 12;

  private static final String ADVICE =
      "install cuBLAS of CUDA 12, with the toolkit or as the Python package nvidia-cublas-cu12, and"
          + " set TANDEM_CUBLAS to its file or folder where it is not found";

  /**
   * What was found.
   *
   * @param binding {@code "jcublas"} or {@code "ffm"}
   * @param library the file
   * @param version as {@link Blas#version}; 0 where the library did not say
   * @param notJcublas why JCublas was not taken; empty where it was
   */
  public record Report(String binding, String library, int version, String notJcublas) {
    /** The library, and why not by JCublas where it is not. */
    String from() {
      return library + (notJcublas.isEmpty() ? "" : "; not jcublas, since " + notJcublas);
    }

    /** One line for a human. */
    @Override
    public String toString() {
      return "cuBLAS " + number(version) + " by " + binding + ": " + from();
    }
  }

  /** A version as cuBLAS counts it, 120604, as people write it: 12.6.4. */
  public static String number(int version) {
    return version / 10000 + "." + version / 100 % 100 + "." + version % 100;
  }

  /** A library loaded and ready for handles. */
  record Loaded(Report report, Supplier<CublasCalls> handles) {}

  /** What is done to the process to load a library: the machine's own, or a test's. */
  interface Loader {
    /**
     * Loads the library for JCublas, and JCublas.
     *
     * @throws IOException with the reason why not
     */
    Loaded jcublas(Library library) throws IOException;

    /**
     * @param notJcublas for the report
     * @throws IOException with the reason why not
     */
    Loaded ffm(Library library, String notJcublas) throws IOException;
  }

  private Cublas() {}

  /**
   * A handle in a context.
   *
   * @param enter makes the context that of the calling thread
   * @param admit refuses a stream that is not the context's
   * @param driverVersion as {@link Driver#version}
   * @param configured what the user asked for, as {@link CublasChoice} reads it; null: what TANDEM_CUBLAS says
   * @throws DriverException NO_CUBLAS, naming what was searched and what to do
   */
  static Blas open(Runnable enter, Consumer<Stream> admit, int driverVersion, String configured) {
    Loaded loaded = load(driverVersion, configured);
    return new CublasBlas(loaded.handles().get(), loaded.report().from(), enter, admit);
  }

  /**
   * What {@link #open} would take. It loads the library, but asks no device.
   *
   * @throws DriverException as {@link #open} would
   */
  public static Report report(int driverVersion, String configured) {
    return load(driverVersion, configured).report();
  }

  private static synchronized Loaded load(int driverVersion, String configured) {
    CublasChoice choice = CublasChoice.of(configured);
    CublasLibraries.Result result =
        CublasLibraries.ofThisMachine().search(choice.path(), driverVersion);
    return choose(choice, result, new Process());
  }

  /** The first library that loads through the best binding allowed. */
  static Loaded choose(CublasChoice choice, CublasLibraries.Result result, Loader loader) {
    List<String> refusals = new ArrayList<>();
    if (choice.allows(Binding.JCUBLAS)) {
      for (Library library : result.found()) {
        if (library.major() == JCUBLAS_MAJOR) {
          try {
            return loader.jcublas(library);
          } catch (IOException e) {
            refusals.add("jcublas with " + library.name() + ": " + e.getMessage());
          }
        } else if (!choice.allows(Binding.FFM) && !library.bySoname()) {
          refusals.add(library.name() + ": jcublas takes a libcublas.so.12 alone");
        }
      }
    }
    String notJcublas = notJcublas(choice, refusals);
    if (choice.allows(Binding.FFM)) {
      for (Library library : result.found()) {
        try {
          return loader.ffm(library, notJcublas);
        } catch (IOException e) {
          refusals.add("ffm with " + library.name() + ": " + e.getMessage());
        }
      }
    }
    throw missing(choice, result, refusals);
  }

  private static String notJcublas(CublasChoice choice, List<String> refusals) {
    if (!choice.allows(Binding.JCUBLAS)) {
      return "ffm was asked for";
    }
    return refusals.isEmpty() ? "there is no libcublas.so.12" : String.join(", ", refusals);
  }

  private static DriverException missing(
      CublasChoice choice, CublasLibraries.Result result, List<String> refusals) {
    List<String> failures = new ArrayList<>(result.unfit());
    failures.addAll(refusals);
    String asked =
        choice.binding().map(binding -> " for " + binding.word() + " alone, as asked").orElse("");
    return new DriverException(
        "load cuBLAS",
        DriverError.NO_CUBLAS,
        "searched "
            + String.join(", ", result.searched())
            + asked
            + (failures.isEmpty() ? "" : " (" + String.join("; ", failures) + ")")
            + "; "
            + ADVICE);
  }

  /** This process, as the dynamic linker and the JVM load into it. */
  private static final class Process implements Loader {
    /** A function that every cuBLAS has, to ask where it lies. */
    private static final String LANDMARK = "cublasCreate_v2";

    /** The libcublas.so.12 that JCublas is bound to, once it is. */
    private static Optional<String> bound = Optional.empty();

    @Override
    public Loaded jcublas(Library library) throws IOException {
      FfmLibrary open = open(library);
      int version = functions(open).libraryVersion();
      String file = open.file(LANDMARK).orElse(library.name());
      if (bound.isPresent() && !bound.get().equals(file)) {
        throw new IOException("this process has bound it to " + bound.get());
      }
      try {
        // Its native library asks for libcublas.so.12 by soname, and is given the one just loaded.
        Jcublas.load();
      } catch (DriverException e) {
        throw new IOException(e.getMessage(), e);
      }
      bound = Optional.of(file);
      return new Loaded(new Report(Binding.JCUBLAS.word(), file, version, ""), Jcublas::new);
    }

    @Override
    public Loaded ffm(Library library, String notJcublas) throws IOException {
      FfmLibrary open = open(library);
      int version = functions(open).libraryVersion();
      String file = open.file(LANDMARK).orElse(library.name());
      return new Loaded(
          new Report(Binding.FFM.word(), file, version, notJcublas), () -> new FfmCublas(open));
    }

    private static FfmCublas functions(FfmLibrary open) throws IOException {
      try {
        return new FfmCublas(open);
      } catch (NoSuchElementException e) {
        throw new IOException(e.getMessage(), e);
      }
    }

    /** Opens the library after its other half: a wheel's folder is not one that the dynamic linker would search. */
    private static FfmLibrary open(Library library) throws IOException {
      if (!library.bySoname()) {
        Path file = Path.of(library.name());
        for (Path beside : List.of(file, file.toRealPath())) {
          Path companion = beside.resolveSibling(library.companion());
          if (Files.exists(companion)) {
            FfmLibrary.open(companion.toString());
            break;
          }
        }
      }
      return FfmLibrary.open(library.name());
    }
  }
}
