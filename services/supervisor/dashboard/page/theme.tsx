/** Dark, light, or as the system has it. */
import { signal } from '@preact/signals';

const CHOICES = ['auto', 'light', 'dark'] as const;
type Theme = (typeof CHOICES)[number];

const KEY = 'keepwatch-theme';

export const theme = signal<Theme>(stored());

function stored(): Theme {
  try {
    return CHOICES.find((choice) => choice === localStorage.getItem(KEY)) ?? 'auto';
  } catch {
    // Storage is forbidden here: the choice lasts as long as the page.
    return 'auto';
  }
}

function choose(choice: Theme): void {
  theme.value = choice;
  applyTheme();
  try {
    localStorage.setItem(KEY, choice);
  } catch {
    // As above.
  }
}

/** The style follows this attribute. */
export function applyTheme(): void {
  document.documentElement.dataset.theme = theme.value;
}

export function ThemeSwitch() {
  return (
    <fieldset class="switch">
      <legend class="hidden">Colours</legend>
      {CHOICES.map((choice) => (
        <label key={choice}>
          <input type="radio" name="theme" checked={theme.value === choice} onChange={() => choose(choice)} />
          <span>{choice}</span>
        </label>
      ))}
    </fieldset>
  );
}
