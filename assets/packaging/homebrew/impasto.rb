# A formula for a tap of one's own. Untried. @HOMEPAGE@, @URL@ and @SHA256@ are those of a release's source archive.
class Impasto < Formula
  desc "Live neural style transfer: paint photographs in the style of paintings"
  homepage "@HOMEPAGE@"
  url "@URL@"
  sha256 "@SHA256@"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "rust" => :build

  def install
    system "cargo", "install", "--profile", "dist", *std_cargo_args
    man1.mkpath
    system bin/"impasto", "man", man1
    generate_completions_from_executable(bin/"impasto", "completions")
  end

  test do
    system bin/"impasto", "render", "--content", "example:chelsea", "--style", "example:swirl",
           "--output", "out.png", "--size", "32", "--steps", "2", "--device", "cpu"
    assert_path_exists testpath/"out.png"
  end
end
