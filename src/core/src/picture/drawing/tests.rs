use super::*;

const CONTENT: (u32, u32) = (400, 300);

fn brush(points: &[[f32; 2]]) -> Shape {
    Shape::Brush { points: points.to_vec(), radius: 0.05, hardness: 0.5 }
}

fn draw(base: Option<&Picture>, shape: Shape, mode: Mode) -> Picture {
    Drawing::draw(base, CONTENT, Stroke::new(shape, mode)).unwrap()
}

/// The mask at a place in fractions.
fn at(mask: &Picture, x: f32, y: f32) -> u8 {
    let (width, height) = mask.dimensions();
    mask.rgb.get_pixel((x * width as f32) as u32, (y * height as f32) as u32)[0]
}

#[test]
fn each_shape_is_where_it_was_drawn() {
    let line = draw(None, brush(&[[0.2, 0.5], [0.8, 0.5]]), Mode::Add);
    assert_eq!(line.dimensions(), (1024, 768));
    assert_eq!([0.2, 0.5, 0.8].map(|x| at(&line, x, 0.5)), [255; 3]);
    assert_eq!((at(&line, 0.5, 0.6), at(&line, 0.1, 0.5)), (0, 0));
    let soft = at(&line, 0.5, 0.5 + 0.75 * 0.05 * 1024.0 / 768.0);
    assert!((96..160).contains(&soft), "{soft}");

    let gradient = draw(None, Shape::Gradient { from: [0.25, 0.5], to: [0.75, 0.5] }, Mode::Add);
    assert_eq!((at(&gradient, 0.1, 0.9), at(&gradient, 0.9, 0.1)), (255, 0));
    assert!((126..130).contains(&at(&gradient, 0.5, 0.3)));

    let ellipse =
        draw(None, Shape::Ellipse { centre: [0.5, 0.5], radii: [0.3, 0.1], feather: 0.0 }, Mode::Add);
    assert_eq!((at(&ellipse, 0.75, 0.5), at(&ellipse, 0.5, 0.75)), (255, 0));

    let square = [[0.2, 0.2], [0.6, 0.2], [0.6, 0.6], [0.2, 0.6]];
    let path = draw(None, Shape::Path { points: square.to_vec(), feather: 0.0 }, Mode::Add);
    assert_eq!((at(&path, 0.4, 0.4), at(&path, 0.7, 0.4), at(&path, 0.4, 0.1)), (255, 0, 0));
    let white = path.rgb.pixels().filter(|pixel| pixel[0] > 127).count() as f32;
    assert!((white / (1024.0 * 768.0) - 0.16).abs() < 0.001);
}

#[test]
fn modes_do_what_they_say() {
    let left = draw(None, Shape::Gradient { from: [0.499, 0.5], to: [0.501, 0.5] }, Mode::Add);
    let line = || brush(&[[0.2, 0.5], [0.8, 0.5]]);
    let places =
        |mask: &Picture| [(0.25, 0.1), (0.25, 0.5), (0.75, 0.5), (0.75, 0.1)].map(|(x, y)| at(mask, x, y));
    for (mode, wanted) in [
        (Mode::Add, [255, 255, 255, 0]),
        (Mode::Subtract, [255, 0, 0, 0]),
        (Mode::Intersect, [0, 255, 0, 0]),
        (Mode::Replace, [0, 255, 255, 0]),
        (Mode::Invert, [255, 0, 255, 0]),
    ] {
        assert_eq!(places(&draw(Some(&left), line(), mode)), wanted, "{mode:?}");
    }
    let half = Stroke { shape: Shape::All, mode: Mode::Add, opacity: 0.5 };
    let half = Drawing::draw(None, CONTENT, half).unwrap();
    assert!(half.rgb.pixels().all(|pixel| pixel.0 == [128; 3]));
}

#[test]
fn strokes_give_the_same_pixels_again() {
    let mut mask = draw(None, brush(&[[0.1, 0.1], [0.7, 0.4], [0.3, 0.9]]), Mode::Add);
    mask = draw(
        Some(&mask),
        Shape::Ellipse { centre: [0.4, 0.4], radii: [0.2, 0.1], feather: 0.05 },
        Mode::Subtract,
    );
    mask = draw(Some(&mask), Shape::All, Mode::Invert);
    let drawing = mask.drawing.clone().unwrap();
    assert_eq!(drawing.strokes().count(), 3);
    let again = drawing.picture().unwrap();
    assert_eq!((again.sha256, &again.rgb), (mask.sha256, &mask.rgb));
    assert_eq!(mask.pixel_hash(), mask.sha256);
    // As text, and back.
    for stroke in drawing.strokes().map(|drawing| &drawing.stroke) {
        let text = serde_json::to_string(stroke).unwrap();
        assert_eq!(&serde_json::from_str::<Stroke>(&text).unwrap(), stroke);
    }
    // Other strokes than those of the hash are noticed.
    let wrong = Drawing {
        sha256: Sha256Hash::of(b""),
        size: drawing.size,
        base: None,
        stroke: drawing.stroke.clone(),
    };
    assert!(Arc::new(wrong).picture().is_err());
}

#[test]
fn strokes_beyond_the_most_are_drawn_on_those_before_as_one() {
    let size = (16, 16);
    let dab = || Stroke { opacity: 0.01, ..Stroke::new(brush(&[[0.5, 0.5]]), Mode::Add) };
    let mut mask = Drawing::on(None, size, dab()).unwrap();
    // Of a chain whose pixels are known; they need not be those of so many strokes.
    let mut chain = mask.drawing.clone().unwrap();
    for _ in 1..MAX_STROKES {
        chain = Drawing::recorded(mask.sha256, size, Some(chain), dab()).unwrap();
    }
    mask.drawing = Some(Arc::clone(&chain));
    let count = |mask: &Picture| mask.drawing.as_ref().unwrap().seen().count();
    assert_eq!(count(&mask), MAX_STROKES);
    let invert = Stroke::new(Shape::All, Mode::Invert);
    let next = Drawing::draw(Some(&mask), size, invert.clone()).unwrap();
    assert_eq!(count(&next), 2);
    assert_eq!(next.drawing.as_ref().unwrap().picture().unwrap().rgb, next.rgb);
    let replaced =
        Drawing::draw(Some(&mask), size, Stroke { mode: Mode::Replace, ..invert.clone() }).unwrap();
    assert_eq!(count(&replaced), 1);
    // Strokes that are hidden do not count.
    let after = Drawing::draw(Some(&replaced), size, invert).unwrap();
    assert_eq!((count(&after), after.drawing.unwrap().strokes().count()), (2, MAX_STROKES + 2));
}

#[test]
fn a_files_mask_can_be_drawn_on() {
    let rgba = (0..40 * 30).flat_map(|at| if at % 40 < 20 { [255; 4] } else { [0, 0, 0, 255] }).collect();
    let file = Picture::from_rgba("sky.png", 40, 30, rgba).unwrap();
    let mask = draw(Some(&file), brush(&[[0.9, 0.5]]), Mode::Add);
    assert_eq!(mask.drawing.as_ref().unwrap().strokes().count(), 2);
    assert_eq!([0.1, 0.7, 0.9].map(|x| at(&mask, x, 0.5)), [255, 0, 255]);
    let again = mask.drawing.as_ref().unwrap().picture().unwrap();
    assert_eq!(again.rgb, mask.rgb);
}

#[test]
fn pixels_of_another_content_can_be_drawn_on_a_mask() {
    let mut mask = draw(None, Shape::All, Mode::Add);
    let tall = (300, 400);
    let pixels = |grey: u8| {
        let pixels = GrayImage::from_pixel(768, 1024, image::Luma([grey]));
        Shape::Pixels(GreyPixels::new(&pixels).unwrap())
    };
    for (mode, grey, wanted) in [(Mode::Intersect, 128, 128), (Mode::Replace, 77, 77)] {
        let next = Drawing::draw(Some(&mask), tall, Stroke::new(pixels(grey), mode)).unwrap();
        assert_eq!((next.dimensions(), at(&next, 0.5, 0.5)), ((768, 1024), wanted));
        assert_eq!(next.drawing.as_ref().unwrap().picture().unwrap().rgb, next.rgb);
        // Pixels of its own size, and other shapes, are drawn at the size that it has.
        let same = Drawing::draw(Some(&next), CONTENT, Stroke::new(pixels(9), Mode::Replace)).unwrap();
        assert_eq!((same.dimensions(), at(&same, 0.5, 0.5)), ((768, 1024), 9));
        let again = Drawing::draw(Some(&next), CONTENT, Stroke::new(brush(&[[0.5; 2]]), Mode::Add)).unwrap();
        assert_eq!(again.dimensions(), (768, 1024));
        mask = draw(None, Shape::All, Mode::Add);
    }
}

#[test]
fn a_strangers_strokes_are_bounded() {
    let wrong = [
        Shape::Brush { points: vec![], radius: 0.1, hardness: 0.5 },
        Shape::Brush { points: vec![[0.5, f32::NAN]], radius: 0.1, hardness: 0.5 },
        Shape::Brush { points: vec![[0.5; 2]; MAX_POINTS + 1], radius: 0.1, hardness: 0.5 },
        Shape::Brush { points: vec![[0.5; 2]], radius: 1e30, hardness: 0.5 },
        Shape::Ellipse { centre: [0.5; 2], radii: [f32::INFINITY, 0.1], feather: 0.1 },
        Shape::Path { points: vec![[0.5; 2]; 2], feather: 0.1 },
    ];
    for shape in wrong {
        assert!(Drawing::draw(None, CONTENT, Stroke::new(shape.clone(), Mode::Add)).is_err(), "{shape:?}");
    }
    let strange = Stroke { shape: Shape::All, mode: Mode::Add, opacity: 2.0 };
    assert!(Drawing::draw(None, CONTENT, strange).is_err());
    // Pixels of another shape, and of none.
    let pixels = GreyPixels::new(&GrayImage::new(20, 20)).unwrap();
    let stroke = Stroke::new(Shape::Pixels(pixels), Mode::Add);
    assert!(Drawing::draw(None, CONTENT, stroke).is_err());
    let text = |text: &str| serde_json::from_value::<GreyPixels>(text.into());
    assert!(text("no base64!").is_err());
    assert!(text("AAAA").unwrap().decode().is_err());
    assert!(text(&"A".repeat(MAX_PIXEL_BYTES * 2)).is_err());
    // A picture with many times the pixels.
    let large = GreyPixels::new(&GrayImage::new(4000, 4000)).unwrap();
    assert!(large.decode().is_err());
}

#[test]
fn many_strokes_are_dropped_without_recursion() {
    let mut drawing = None;
    for _ in 0..200_000 {
        let stroke = Stroke::new(Shape::All, Mode::Add);
        drawing =
            Some(Arc::new(Drawing { sha256: Sha256Hash::of(b""), size: (16, 16), base: drawing, stroke }));
    }
    drop(drawing);
}

#[test]
fn sizes_follow_the_contents_shape() {
    for (content, size) in [
        ((400, 300), (1024, 768)),
        ((6000, 4000), (1024, 682)),
        ((100, 200), (512, 1024)),
        ((9000, 20), (1024, super::super::MIN_SIDE)),
    ] {
        assert_eq!(size_for(content), size, "{content:?}");
    }
}

#[test]
fn only_new_strokes_are_drawn_on_a_mask_that_is_there() {
    let first = draw(None, brush(&[[0.1, 0.1], [0.7, 0.4]]), Mode::Add);
    let second = draw(Some(&first), brush(&[[0.5, 0.9]]), Mode::Add);
    let third = draw(Some(&second), Shape::All, Mode::Invert);
    let drawing = third.drawing.as_ref().unwrap();
    let known = [Arc::new(first.clone())];
    assert_eq!(drawing.picture_over(&known).unwrap().rgb, third.rgb);
    assert_eq!(drawing.picture_over(&[]).unwrap().rgb, third.rgb);
    let third = Arc::new(third.clone());
    assert!(Arc::ptr_eq(&drawing.picture_over(&[Arc::clone(&third)]).unwrap(), &third));
    // A picture that only claims to be what it was drawn on is not used.
    let claims = Picture { drawing: None, rgb: third.rgb.clone(), ..first.clone() };
    assert_eq!(drawing.picture_over(&[Arc::new(claims)]).unwrap().rgb, third.rgb);
    let forged = Picture { rgb: third.rgb.clone(), ..first };
    assert!(drawing.picture_over(&[Arc::new(forged)]).is_err());
}

#[test]
fn what_is_replaced_is_not_seen_and_a_flat_mask_has_the_same_pixels() {
    let first = draw(None, brush(&[[0.1, 0.1], [0.7, 0.4]]), Mode::Add);
    let half = Stroke { opacity: 0.5, ..Stroke::new(brush(&[[0.5, 0.5]]), Mode::Replace) };
    let second = Drawing::draw(Some(&first), CONTENT, half).unwrap();
    let third = draw(Some(&second), brush(&[[0.2, 0.9]]), Mode::Add);
    let drawing = third.drawing.as_ref().unwrap();
    assert_eq!((drawing.strokes().count(), drawing.seen().count()), (3, 2));
    assert_eq!(drawing.picture().unwrap().rgb, third.rgb);
    let flat = Arc::new(drawing.flat().unwrap());
    assert_eq!((flat.strokes().count(), flat.picture().unwrap().rgb), (1, third.rgb.clone()));
    // A file with its pixels is a drawn mask again, and another picture is none.
    let copy = Picture { drawing: None, ..third.clone() };
    assert_eq!(Drawing::of_copy(copy).drawing.unwrap().picture().unwrap().rgb, third.rgb);
    let coloured = Picture::from_rgba("a", 20, 20, [1, 2, 3, 255].repeat(400)).unwrap();
    assert!(Drawing::of_copy(coloured).drawing.is_none());
    assert!(Drawing::of_copy(crate::picture::STYLES[0].open()).drawing.is_none());
}
