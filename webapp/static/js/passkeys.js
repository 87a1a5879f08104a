// Passkeys: the browser creates one on the account page, or signs in with one.
const forms = document.querySelectorAll("[data-passkey]");
const isAble = typeof PublicKeyCredential?.parseRequestOptionsFromJSON === "function";

async function credentialOf(form) {
  const answer = await fetch(form.dataset.options, { headers: { Accept: "application/json" } });
  const { publicKey } = await answer.json();
  if (form.dataset.passkey === "create")
    return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey) });
  return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey) });
}

for (const form of forms) {
  form.hidden = !isAble;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fault = form.querySelector("[data-passkey-fault]");
    fault.hidden = true;
    try {
      const credential = await credentialOf(form);
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch (error) {
      fault.textContent = `The browser did not use a passkey: ${error.message}`;
      fault.hidden = false;
    }
  });
}
