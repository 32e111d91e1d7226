// Puts what the server sends in the place of what is there, unless somebody is about to press something.
const events = new EventSource("/events");
events.onmessage = (event) => {
  const live = document.getElementById("live");
  if (live.querySelector("form:focus-within")) return;
  const open = [...live.querySelectorAll("details[open]")].map((one) => one.id);
  live.innerHTML = event.data;
  for (const id of open) document.getElementById(id)?.setAttribute("open", "");
};
const line = document.getElementById("line");
events.onerror = () => { line.textContent = "no connection to the daemon: this is how things stood"; };
events.onopen = () => { line.textContent = "live"; };
