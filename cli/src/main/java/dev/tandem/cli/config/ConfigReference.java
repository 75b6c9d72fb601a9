package dev.tandem.cli.config;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Every key of the config with what it is, its default and its range: the text of {@code tandem help config}. */
public final class ConfigReference {
  private static final int KEY_COLUMN = 26;

  private final StringBuilder text = new StringBuilder();
  private final Set<Class<?>> written = new HashSet<>();

  private ConfigReference() {}

  /** The reference, a line a key. */
  public static String text() {
    ConfigReference reference = new ConfigReference();
    reference.section(new Schema.Section(Config.class), "");
    return reference.text.toString();
  }

  private void section(Schema.Section section, String indent) {
    for (Schema.Key key : section.keys()) {
      line(indent + key.name(), about(key));
      inner(key.schema(), indent + "  ");
    }
  }

  private void inner(Schema schema, String indent) {
    switch (schema) {
      case Schema.Maybe(Schema inner) -> inner(inner, indent);
      case Schema.Listed listed -> inner(listed.inner(), indent);
      case Schema.Section section -> section(section, indent);
      case Schema.Kinds kinds -> kinds(kinds, indent);
      case Schema.Word(_, var names) ->
          line(indent + "(values)", String.join(", ", names.values()));
      case Schema.Numeric _, Schema.Flag _, Schema.Words _, Schema.FilePath _ -> {}
    }
  }

  private void kinds(Schema.Kinds kinds, String indent) {
    if (!written.add(kinds.type())) {
      line(indent + "(as above)", "any " + kinds.choice().value());
      return;
    }
    for (Class<?> kind : kinds.classes()) {
      String name = Schema.name(kind);
      line(
          indent + (kinds.choice().named() ? "- " + name : "kind: " + name),
          kind.getAnnotation(Named.class).value());
      section(new Schema.Section(kind), indent + "    ");
    }
  }

  private void line(String key, String about) {
    text.append(key)
        .append(" ".repeat(Math.max(2, KEY_COLUMN - key.length())))
        .append(about)
        .append('\n');
  }

  private static String about(Schema.Key key) {
    List<String> notes = new ArrayList<>();
    notes.add(key.setting().value());
    if (key.otherwise().isEmpty() && !(key.schema() instanceof Schema.Maybe)) {
      notes.add("required");
    } else if (!key.setting().otherwise().isEmpty()) {
      notes.add("default " + key.setting().otherwise());
    }
    Setting range = key.setting();
    bound(notes, "at least ", range.min());
    bound(notes, "greater than ", range.above());
    bound(notes, "at most ", range.max());
    bound(notes, "less than ", range.below());
    return String.join("; ", notes);
  }

  private static void bound(List<String> notes, String words, double bound) {
    if (!Double.isInfinite(bound)) {
      notes.add(words + ConfigReader.plain(bound));
    }
  }
}
