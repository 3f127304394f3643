// The rooms, in the order of the menu: a line, a folder with room.js and room.css, and a name and
// words in words.js for each. room.js exports a class `Room`:
//
//   new Room(frame)    made when the room is first entered; see frame.js for what a frame gives
//   element            what is shown
//   uses               which of "network", "image", "camera" the header offers for it
//   async open(place)  go to a place: what the address says, with the network and image that the
//                      room before had; false where that cannot be, which the room has told
//   leave()            stop whatever runs
//   repaint()          the colours have changed
//   keydown(event)     a key that no field has taken; true where the room took it
//   drop(entry)        an uploaded image; without it the frame opens the image as a place
//   needsNetwork       the first screen comes before it, until there is a network
//
// Of these, uses, leave, repaint, keydown, drop and needsNetwork may be left out.
export const ROOMS = [
  "inside",
  "draw",
  "playground",
  "explain",
  "build",
  "lesson",
];

export const loadRoom = (name) => import(`/page/${name}/room.js`);
