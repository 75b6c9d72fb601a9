package dev.tandem.ptx.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Follows {@code .loc} through a body. Of code that was inlined from elsewhere, an intrinsic of CUDA's headers for one, it
 * gives the innermost line that lies in the same file as the outermost: what the kernel's author wrote.
 */
final class SourceLines {
  /** A place in the source. */
  private record Place(int file, int line, int column) {}

  private final Tokens tokens;
  private final Map<Integer, String> files;

  /** Where code of a place has been inlined, as its latest {@code .loc} said. */
  private final Map<Place, Place> inlined = new HashMap<>();

  private SourceLine current;

  SourceLines(Tokens tokens, Map<Integer, String> files) {
    this.tokens = tokens;
    this.files = files;
  }

  /** The line that instructions come from now, or null. */
  SourceLine current() {
    return current;
  }

  void forget() {
    current = null;
  }

  /** After {@code .loc}: {@code 1 20 5, function_name $L_info+8, inlined_at 1 30 3}. */
  void location() {
    Place place = place();
    inlined.remove(place);
    while (tokens.accept(",")) {
      attribute(place);
    }
    current = authored(place);
  }

  private Place place() {
    return new Place(
        tokens.count("a file's number"), tokens.count("a line"), tokens.count("a column"));
  }

  private void attribute(Place place) {
    String word = tokens.word("function_name or inlined_at");
    switch (word) {
      case "function_name" -> {
        tokens.word("a label");
        if (tokens.accept("+")) {
          tokens.count("an offset");
        }
      }
      case "inlined_at" -> inlined.put(place, place());
      default -> throw tokens.expected("function_name or inlined_at before this");
    }
  }

  private SourceLine authored(Place place) {
    List<Place> chain = new ArrayList<>();
    for (Place at = place; at != null && !chain.contains(at); at = inlined.get(at)) {
      chain.add(at);
    }
    int file = chain.getLast().file();
    for (Place at : chain) {
      // Line 0 is code that the compiler added.
      if (at.file() == file && at.line() != 0 && files.containsKey(file)) {
        return new SourceLine(files.get(file), at.line());
      }
    }
    return null;
  }
}
