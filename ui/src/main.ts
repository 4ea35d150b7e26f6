import './styles/tokens.css';
import './styles/base.css';
import './styles/kit.css';
import { mount } from 'svelte';
import App from './shell/App.svelte';
import { speak } from './words/words.svelte';

const target = document.getElementById('app');
if (target) {
  await speak(undefined);
  mount(App, { target });
}
