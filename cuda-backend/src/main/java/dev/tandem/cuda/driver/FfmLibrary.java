package dev.tandem.cuda.driver;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * A shared library opened by its path or its soname. It stays open: cuBLAS does not bear being unloaded.
 *
 * <p>{@link SymbolLookup#libraryLookup} would do, but for two things: it keeps the linker's reason for a refusal to itself, and
 * it does not tell which file a soname led to.
 */
final class FfmLibrary implements SymbolLookup {
  /** As the JVM opens libraries: functions are bound when they are first called. */
  private static final int RTLD_LAZY = 1;

  private static final int MAX_PATH = 4096;

  private final MemorySegment handle;

  private FfmLibrary(MemorySegment handle) {
    this.handle = handle;
  }

  /**
   * @param name an absolute path, or a soname that the dynamic linker searches for in LD_LIBRARY_PATH and its cache
   * @throws IOException with the dynamic linker's own words
   */
  static FfmLibrary open(String name) throws IOException {
    if (Linux.DLOPEN.isEmpty()) {
      throw new IOException("this system has no dlopen");
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment opened =
          (MemorySegment) Linux.DLOPEN.get().invokeExact(arena.allocateFrom(name), RTLD_LAZY);
      if (opened.address() == 0) {
        throw new IOException(reason((MemorySegment) Linux.DLERROR.get().invokeExact()));
      }
      return new FfmLibrary(opened);
    } catch (IOException e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public Optional<MemorySegment> find(String symbol) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment found =
          (MemorySegment) Linux.DLSYM.get().invokeExact(handle, arena.allocateFrom(symbol));
      return found.address() == 0 ? Optional.empty() : Optional.of(found);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** The file that a symbol of this library comes from. */
  @SuppressWarnings("restricted")
  Optional<String> file(String symbol) {
    Optional<MemorySegment> address = find(symbol);
    if (address.isEmpty()) {
      return Optional.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      // Dl_info: dli_fname, dli_fbase, dli_sname, dli_saddr.
      MemorySegment info = arena.allocate(ValueLayout.ADDRESS, 4);
      int known = (int) Linux.DLADDR.get().invokeExact(address.get(), info);
      return known == 0
          ? Optional.empty()
          : Optional.of(info.get(ValueLayout.ADDRESS, 0).reinterpret(MAX_PATH).getString(0));
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  @SuppressWarnings("restricted")
  private static String reason(MemorySegment text) {
    return text.address() == 0 ? "no reason given" : text.reinterpret(MAX_PATH).getString(0);
  }

  /** The C library's own functions, on systems that have them. */
  private static final class Linux {
    static final Optional<MethodHandle> DLOPEN =
        link(
            "dlopen",
            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
    static final Optional<MethodHandle> DLERROR =
        link("dlerror", FunctionDescriptor.of(ValueLayout.ADDRESS));
    static final Optional<MethodHandle> DLSYM =
        link(
            "dlsym",
            FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS));
    static final Optional<MethodHandle> DLADDR =
        link(
            "dladdr",
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS));

    @SuppressWarnings("restricted")
    private static Optional<MethodHandle> link(String name, FunctionDescriptor shape) {
      Linker linker = Linker.nativeLinker();
      return linker.defaultLookup().find(name).map(at -> linker.downcallHandle(at, shape));
    }
  }
}
