package dev.tandem.ptx;

import dev.tandem.cuda.driver.Arguments;
import dev.tandem.cuda.driver.Context;
import dev.tandem.cuda.driver.DeviceMemory;
import dev.tandem.cuda.driver.Driver;
import dev.tandem.cuda.driver.DriverException;
import dev.tandem.cuda.driver.Module;
import dev.tandem.cuda.driver.PinnedMemory;
import dev.tandem.cuda.driver.Stream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * Runs the corpus of tiny PTX programs on a driver, any driver. A form's rows are one launch; a
 * family's forms one module, or, where that is refused, a module each, so that one refused form
 * does not hide the others.
 */
final class Corpus implements AutoCloseable {
  /** What the output buffer holds before a launch: writing too much or too little shows. */
  private static final int FILL = 0xCC;

  private static final int SLOT = 8;
  private static final int SHOWN = 8;

  private final Supplier<Driver> drivers;
  private Driver driver;
  private Context context;
  private CorpusFamily family;
  private Module module;
  private DriverException refusal;

  /**
   * @param drivers opens the driver; again after a kernel has failed, for its context is then lost
   */
  Corpus(Supplier<Driver> drivers) {
    this.drivers = drivers;
  }

  /** 10 * major + minor of the device. */
  int capability() {
    return context().device().computeCapability();
  }

  /** Runs a form. What is wrong with it, line by line; empty when nothing is. */
  List<String> run(CorpusFamily of, CorpusForm form) {
    try {
      long[] results = launch(of, form);
      return form.faults().isEmpty()
          ? judge(form, results)
          : List.of("must fail with one of " + form.faults() + ", got results");
    } catch (DriverException e) {
      close();
      return form.faults().contains(e.error().name())
          ? List.of()
          : List.of(String.valueOf(e.getMessage()));
    } catch (RuntimeException | LinkageError e) {
      close();
      StackTraceElement[] trace = e.getStackTrace();
      return List.of(e + (trace.length > 0 ? " at " + trace[0] : ""));
    }
  }

  private long[] launch(CorpusFamily of, CorpusForm form) {
    Context open = context();
    load(of);
    Module own = module != null ? module : open.load(form.name(), of.module(form));
    int rows = form.rows().size();
    long inBytes = Math.max(SLOT, (long) rows * form.inputs().size() * SLOT);
    long outBytes = Math.max(SLOT, (long) rows * form.outputs().size() * SLOT);
    try (Stream stream = open.stream();
        PinnedMemory host = open.pin(Math.max(inBytes, outBytes));
        DeviceMemory in = open.allocate(inBytes);
        DeviceMemory out = open.allocate(outBytes)) {
      write(form, host.segment());
      stream.upload(in.address(), host, 0, inBytes);
      stream.fill(out.address(), FILL, 1, outBytes);
      stream.launch(
          own.function(form.name()), form.launch(), arguments(form, in.address(), out.address()));
      stream.synchronize();
      stream.download(host, 0, out.address(), outBytes);
      stream.synchronize();
      return host.segment().asSlice(0, outBytes).toArray(ValueLayout.JAVA_LONG);
    } finally {
      if (own != module) {
        own.close();
      }
    }
  }

  private static void write(CorpusForm form, MemorySegment to) {
    long at = 0;
    for (CorpusForm.Row row : form.rows()) {
      for (long value : row.in()) {
        to.set(ValueLayout.JAVA_LONG, at, value);
        at += SLOT;
      }
    }
  }

  private static Arguments arguments(CorpusForm form, long in, long out) {
    Arguments arguments = new Arguments().address(in).address(out).int32(form.rows().size());
    for (CorpusForm.Extra extra : form.arguments()) {
      arguments.bytes(MemorySegment.ofArray(extra.bytes()), extra.alignment());
    }
    return arguments;
  }

  private static List<String> judge(CorpusForm form, long[] results) {
    List<String> wrong = new ArrayList<>();
    int at = 0;
    int failures = 0;
    for (CorpusForm.Row row : form.rows()) {
      for (int i = 0; i < row.out().size(); i++) {
        Judgement expected = row.out().get(i);
        int unused = 64 - 8 * Judgement.bytes(expected.type());
        long got = results[at++] << unused >>> unused;
        if (!expected.accepts(got) && failures++ < SHOWN) {
          wrong.add(describe(form, row, i, expected.show(got)));
        }
      }
    }
    if (failures > SHOWN) {
      wrong.add("and " + (failures - SHOWN) + " more of " + form.values());
    }
    return wrong;
  }

  private static String describe(CorpusForm form, CorpusForm.Row row, int result, String got) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < row.in().size(); i++) {
      text.append(form.inputs().get(i))
          .append(' ')
          .append(Long.toHexString(row.in().get(i)))
          .append(", ");
    }
    Judgement expected = row.out().get(result);
    return text
        + "result "
        + result
        + " ("
        + expected.type()
        + "): expected "
        + expected.text()
        + ", got "
        + got;
  }

  private void load(CorpusFamily of) {
    if (family == of && (module != null || refusal != null)) {
      return;
    }
    if (module != null) {
      module.close();
    }
    family = of;
    module = null;
    refusal = null;
    try {
      module = context().load(of.name(), of.module());
    } catch (DriverException e) {
      refusal = e;
    }
  }

  private Context context() {
    if (context == null) {
      driver = drivers.get();
      context = driver.devices().getFirst().open();
    }
    return context;
  }

  /** Closes what is open; a later run opens it again. */
  @Override
  public void close() {
    Driver open = driver;
    driver = null;
    context = null;
    module = null;
    refusal = null;
    if (open != null) {
      try {
        open.close();
      } catch (DriverException _) {
        // A context that a kernel has broken says so once more when it is closed.
        return;
      }
    }
  }
}
