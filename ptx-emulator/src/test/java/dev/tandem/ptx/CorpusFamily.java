package dev.tandem.ptx;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Forms that go into one module: {@code corpus/<name>.ptx}, a head and a kernel for each form, and
 * {@code <name>.txt}, the rows. Both are written by src/test/corpus/make.py.
 *
 * @param head what comes before the first kernel: version, target, variables
 */
record CorpusFamily(String name, String head, List<CorpusForm> forms) {
  private static final String MARK = "// form ";

  /** All families' names. */
  static List<String> names() {
    return text("families.txt").lines().toList();
  }

  static CorpusFamily read(String name) {
    Map<String, String> kernels = new HashMap<>();
    String[] pieces = text(name + ".ptx").split("(?m)^" + MARK);
    for (int i = 1; i < pieces.length; i++) {
      kernels.put(pieces[i].substring(0, pieces[i].indexOf('\n')), MARK + pieces[i]);
    }
    List<CorpusForm> forms = new ArrayList<>();
    for (String paragraph : text(name + ".txt").split("\n\n")) {
      List<String> lines = paragraph.lines().toList();
      if (lines.getFirst().startsWith("form ")) {
        forms.add(CorpusForm.parse(lines, kernels.get(lines.getFirst().substring(5))));
      }
    }
    return new CorpusFamily(name, pieces[0], forms);
  }

  /** A module of all of them. */
  String module() {
    StringBuilder text = new StringBuilder(head);
    forms.forEach(form -> text.append(form.kernel()));
    return text.toString();
  }

  /** A module of one of them. */
  String module(CorpusForm form) {
    return head + form.kernel();
  }

  /** The compute capability that it needs, as PTX writes it: 80. */
  int capability() {
    return Integer.parseInt(head.replaceAll("(?s).*\\.target sm_(\\d+).*", "$1"));
  }

  static String text(String name) {
    try (InputStream stream = CorpusFamily.class.getResourceAsStream("corpus/" + name)) {
      if (stream == null) {
        throw new IllegalStateException(
            "corpus: no file " + name + "; run src/test/corpus/make.py");
      }
      return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
