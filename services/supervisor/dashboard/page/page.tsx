/** The page: everything a person asks at 3 a.m., in that order. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './base.css';
import './topology.css';
import './lists.css';
import './media.css';
import { follow } from './follow.js';
import { Header } from './header.js';
import { Orders, Services, Sessions } from './machinery.js';
import { Pools } from './pools.js';
import { Routers } from './routers.js';
import { link, startClock, view } from './state.js';
import { applyTheme } from './theme.js';
import { Timeline } from './timelineSection.js';
import { titleText, Verdict } from './verdict.js';

function Page() {
  const leftOut = view.value?.leftOut ?? [];
  return (
    <>
      <a class="skip" href="#main">
        Skip to the states
      </a>
      <Header />
      <main id="main" class={link.value} tabIndex={-1}>
        <Verdict />
        <Routers />
        <Pools />
        {leftOut.length > 0 && <p class="none">Not shown: {leftOut.join(', ')}. keepwatchctl status has all.</p>}
        <Timeline />
        <Orders />
        <Sessions />
        <Services />
      </main>
      <footer class="foot">
        Keepwatch {view.value?.version ?? ''} · this page only shows; <code>keepwatchctl</code> gives orders
      </footer>
    </>
  );
}

applyTheme();
startClock();
effect(() => {
  document.title = titleText();
});
render(<Page />, document.body);
// The name of this very file, which is the version of the page.
follow(new URL(import.meta.url).pathname.replace(/^.*\//, ''));
