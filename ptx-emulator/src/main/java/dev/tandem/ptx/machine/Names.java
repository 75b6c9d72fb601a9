package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.LinkedKernel;
import dev.tandem.ptx.text.Variable;
import java.util.List;

/** Words for places in a kernel's shared and local memory: which variable lies there. */
final class Names {
  private Names() {}

  /** {@code "; in shared variable tile, at byte 16"}, or empty where none lies there. */
  static String shared(LinkedKernel kernel, long offset) {
    return in("shared", kernel.shared(), offset);
  }

  static String local(LinkedKernel kernel, long offset) {
    return in("local", kernel.local(), offset);
  }

  // The walk is Scope's: variables in order, each at the next multiple of its alignment.
  private static String in(String space, List<Variable> variables, long offset) {
    long end = 0;
    String last = "";
    for (Variable variable : variables) {
      long start = (end + variable.alignment() - 1) / variable.alignment() * variable.alignment();
      end = start + variable.bytes();
      boolean open = variable.bytes() == 0;
      if (offset >= start && (offset < end || open)) {
        return "; in %s variable %s, at byte %d".formatted(space, variable.name(), offset - start);
      }
      last =
          "; %d bytes past the end of %s variable %s"
              .formatted(offset - end, space, variable.name());
    }
    return offset >= end ? last : "";
  }
}
