/** Top of the page: which machine this is, whether what stands here is current, where to go. */
import { useComputed } from '@preact/signals';
import { Dot } from './marks.js';
import { age, link, view } from './state.js';
import { ThemeSwitch } from './theme.js';

export function Header() {
  const found = view.value;
  return (
    <header class="top">
      <div class="bar">
        <h1>
          <img src="icon.svg" alt="" width="26" height="26" />
          <span>{found?.host ?? 'Keepwatch'}</span>
        </h1>
        <LinkState />
        <nav aria-label="Parts of this page">
          <a href="#routers">Routers</a>
          <a href="#pools">Servers</a>
          <a href="#timeline">Time line</a>
          <a href="#orders">
            Orders{found !== undefined && found.orders.length > 0 && <b class="count">{found.orders.length}</b>}
          </a>
          <a href="#services">Services</a>
        </nav>
        <ThemeSwitch />
      </div>
    </header>
  );
}

/** Tenths of a second do not matter to a person, and would be read aloud. */
function LinkState() {
  const old = useComputed(() => (age.value < 1_500 ? 'live' : `${Math.floor(age.value / 1_000)} s old`));
  if (link.value === 'live') {
    return (
      <p class="link">
        <Dot tone="good" /> {old}
      </p>
    );
  }
  return (
    <p class="link bad">
      <Dot tone={link.value === 'lost' ? 'bad' : 'busy'} /> {link.value === 'lost' ? 'connection lost' : 'connecting'}
    </p>
  );
}
